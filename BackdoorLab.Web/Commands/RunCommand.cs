using System.CommandLine;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Hosting;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>run SPEC.json --out FOLDER</c>: one experiment without a browser. Progress on stderr, a table on stdout, everything in
/// FOLDER/result.json.
/// </summary>
public static class RunCommand
{
    /// <summary>Every cell has a value or is not applicable.</summary>
    public const int Complete = 0;

    /// <summary>A cell failed, or the run did not get to the end.</summary>
    public const int Incomplete = 1;

    /// <summary>The spec is invalid; all faults are on stderr.</summary>
    public const int InvalidSpec = 2;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var spec = new Argument<FileInfo>("SPEC.json") { Description = "The experiment: data set, model, attack, training, precisions, defenses. A preset's name (see 'methods') also works." };
        var output = new Option<DirectoryInfo>("--out") { Description = "Folder for result.json; created.", Required = true };
        var data = new Option<string?>("--data") { Description = "Folder that holds the data sets." };
        var store = new Option<string?>("--store") { Description = "Folder of trained models and finished cells, so that repeating a run resumes it; FOLDER/store unless given." };
        var threads = new Option<int>("--threads") { Description = "Kernel threads; they change the order of floating-point sums.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("run", "Run one experiment without the dashboard.") { spec, output, data, store, threads };
        command.SetAction((parsed, cancellation) => Task.FromResult(Execute(
            parsed.GetRequiredValue(spec),
            parsed.GetRequiredValue(output),
            new RunnerOptions(
                LabOptionsReader.DataFolder(
                    parsed.GetValue(data) ?? Environment.GetEnvironmentVariable(LabOptions.EnvironmentPrefix + "DATA"),
                    parsed.GetRequiredValue(output).FullName),
                parsed.GetValue(store) ?? Path.Combine(parsed.GetRequiredValue(output).FullName, "store"),
                parsed.GetValue(threads)),
            cancellation)));
        return command;
    }

    private static int Execute(FileInfo file, DirectoryInfo output, RunnerOptions options, CancellationToken cancellation)
    {
        ExperimentSpec spec;
        try
        {
            spec = Read(file);
        }
        catch (SpecException invalid)
        {
            Console.Error.WriteLine(invalid.Message);
            return InvalidSpec;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The spec cannot be read: {unreadable.Message}");
            return InvalidSpec;
        }

        output.Create();
        var result = new ExperimentRunner(options).Run(spec, new ConsoleProgress(Console.Error), cancellation);
        var path = Path.Combine(output.FullName, "result.json");
        WholeFile.Write(path, stream => JsonSerializer.Serialize(stream, result, SpecJson.Indented));
        ResultTable.Write(result, Console.Out);
        Console.Error.WriteLine(result.Error.Length > 0 ? $"{result.Error}\nWrote {path}" : $"Wrote {path}");
        return result.Ending == RunEnding.Completed
            && result.Cells.All(cell => cell.Outcome is Outcome.Value or Outcome.NotApplicable) ? Complete : Incomplete;
    }

    /// <summary>Reads a spec file, or a preset by its name.</summary>
    internal static ExperimentSpec Read(FileInfo file) =>
        !file.Exists && Presets.Find(file.Name) is { } preset ? preset.Spec : SpecJson.Parse(File.ReadAllText(file.FullName));
}
