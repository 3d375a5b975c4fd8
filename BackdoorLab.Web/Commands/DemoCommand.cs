using System.CommandLine;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Commands;

/// <summary><c>demo</c>: the dashboard, with the demo study queued.</summary>
internal static class DemoCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "demo",
            "Start the dashboard and run a small complete study on generated images (about three minutes on two cores)."
        );
        LabCommandOptions.AddTo(command);
        command.SetAction((parsed, stop) => ServeCommand.Serve(parsed, Queue, stop));
        return command;
    }

    private static async Task Queue(WebApplication app, string address)
    {
        var runId = await app.Services.GetRequiredService<DemoRun>().EnsureAsync(Presets.Demo.Spec);
        Console.WriteLine($"The demo study is at {address}{LabUrls.Run(runId)}");
    }
}
