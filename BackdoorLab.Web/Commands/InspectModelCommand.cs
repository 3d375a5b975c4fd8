using System.CommandLine;
using System.Text.Json;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>inspect-model FILE</c>: reads a model file of a stranger in a process of its own, started by the dashboard.
/// </summary>
internal static class InspectModelCommand
{
    // Of all memory that can be written to; the heap has a closer limit of its own. This one holds threads and native
    // buffers.
    private const ulong MostBytes = 1UL << 30;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("FILE");
        var command = new Command(
            ModelInspector.Command,
            "Internal: says on standard output what a model file holds, as one line of JSON."
        )
        {
            Hidden = true,
        };
        command.Arguments.Add(file);
        command.SetAction(parsed => Run(parsed.GetRequiredValue(file)));
        return command;
    }

    private static int Run(string path)
    {
        ProcessLimits.Memory(MostBytes);
        var answer = JsonSerializer.Serialize(Inspect(path));
        using var output = Console.OpenStandardOutput();
        output.Write(System.Text.Encoding.UTF8.GetBytes(answer + "\n"));
        return 0;
    }

    private static InspectedModel Inspect(string path)
    {
        try
        {
            using var file = WeightFile.Open(path);
            return new(WeightListing.Of(file), "");
        }
        catch (Exception error) when (error is WeightFileException or IOException or UnauthorizedAccessException)
        {
            return new(null, error.Message);
        }
    }
}
