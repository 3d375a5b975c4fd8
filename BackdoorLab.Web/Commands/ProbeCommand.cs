using System.CommandLine;
using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>probe SPEC.json --store FOLDER</c>: a few steps of the spec's network, and the time the whole run would take. One
/// line of JSON on stdout. The dashboard runs it in a process of its own when a person asks for a measured estimate.
/// </summary>
internal static class ProbeCommand
{
    internal static Command Create()
    {
        var spec = new Argument<FileInfo>("SPEC.json") { Description = "The experiment, or the name of a preset." };
        var store = new Option<DirectoryInfo>("--store")
        {
            Description = "Folder that remembers the measurement.",
            Required = true,
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Kernel threads.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var command = new Command("probe", "Time a few steps of a spec's network and estimate the whole run.")
        {
            spec,
            store,
            threads,
        };
        command.SetAction(
            (parsed, cancellation) =>
                Task.FromResult(
                    Execute(
                        parsed.GetRequiredValue(spec),
                        parsed.GetRequiredValue(store),
                        parsed.GetValue(threads),
                        cancellation
                    )
                )
        );
        return command;
    }

    private static int Execute(FileInfo file, DirectoryInfo store, int threads, CancellationToken cancellation)
    {
        if (
            HeadlessOptions.TryRead(() => RunCommand.Read(file)) is not { } spec
            || HeadlessOptions.TryRead(() => CommandException.MakeFolder("--store", store)) is not { } folder
        )
        {
            return RunCommand.InvalidSpec;
        }

        var pace = SpecProbe.Measure(spec, new RunnerOptions("", folder.FullName, threads), cancellation);
        Console.WriteLine(
            JsonSerializer.Serialize(
                new { Seconds = Estimator.Seconds(spec, pace, threads), Throughput = pace },
                SpecJson.Options
            )
        );
        return 0;
    }
}
