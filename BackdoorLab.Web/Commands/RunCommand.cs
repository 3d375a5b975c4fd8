using System.CommandLine;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>run SPEC.json --out FOLDER</c>: one experiment without a browser. Progress on stderr, a table on stdout,
/// everything in FOLDER/result.json.
/// </summary>
public static class RunCommand
{
    /// <summary>Every cell has a value or is not applicable.</summary>
    public const int Complete = 0;

    /// <summary>A cell failed, or the run did not get to the end.</summary>
    public const int Incomplete = 1;

    /// <summary>The spec is invalid, or an option names what cannot be used; all faults are on stderr.</summary>
    public const int InvalidSpec = 2;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var spec = new Argument<FileInfo>("SPEC.json")
        {
            Description =
                "The experiment: data set, model, attack, training, precisions, defenses. A preset's name (see 'methods') also works.",
        };
        var options = new HeadlessOptions("result.json");
        var command = new Command("run", "Run one experiment without the dashboard.") { spec };
        options.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                Task.FromResult(
                    HeadlessOptions.TryRead(() => options.Runner(parsed)) is { } runner
                    && HeadlessOptions.TryRead(() => Checked(Read(parsed.GetRequiredValue(spec)), runner))
                        is { } experiment
                    && HeadlessOptions.TryRead(() => options.Output(parsed)) is { } output
                        ? Execute(
                            experiment,
                            output,
                            runner with
                            {
                                ModelFolder = parsed.GetRequiredValue(spec).DirectoryName ?? "",
                            },
                            cancellation
                        )
                        : InvalidSpec
                )
        );
        return command;
    }

    private static int Execute(
        ExperimentSpec spec,
        DirectoryInfo output,
        RunnerOptions options,
        CancellationToken cancellation
    )
    {
        var result = new ExperimentRunner(options).Run(spec, new ConsoleProgress(Console.Error), cancellation);
        var path = Path.Combine(output.FullName, "result.json");
        WholeFile.Write(path, stream => JsonSerializer.Serialize(stream, result, SpecJson.Indented));
        ResultTable.Write(result, Console.Out);
        Console.Error.WriteLine(result.Error.Length > 0 ? $"{result.Error}\nWrote {path}" : $"Wrote {path}");
        return result.Faults.Count > 0 ? InvalidSpec
            : result.Ending == RunEnding.Completed
            && result.Cells.All(cell => cell.Outcome is Outcome.Value or Outcome.NotApplicable)
                ? Complete
            : Incomplete;
    }

    private static ExperimentSpec Checked(ExperimentSpec spec, RunnerOptions options)
    {
        new DataFaults(options.DataRoot).Refuse(spec);
        return spec;
    }

    /// <summary>Reads a spec file, or a preset by its name.</summary>
    internal static ExperimentSpec Read(FileInfo file) =>
        !file.Exists && Presets.Find(file.Name) is { } preset
            ? preset.Spec
            : SpecJson.Parse(StrictJson.ReadFile(file.FullName));
}
