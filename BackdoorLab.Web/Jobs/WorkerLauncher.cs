using System.Diagnostics;
using System.Text;
using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>Starts workers as child processes of the same program.</summary>
public sealed class WorkerLauncher : IWorkerLauncher
{
    /// <inheritdoc/>
    public IWorker Start(WorkerOrder order)
    {
        var start = WorkerCommandLine.Create("worker", order.Threads);
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.StandardInputEncoding =
            start.StandardOutputEncoding =
            start.StandardErrorEncoding =
                new UTF8Encoding(false);

        var process = Process.Start(start)!;
        var worker = new WorkerProcess(process, TimeSpan.FromSeconds(order.StopSeconds));
        worker.Send(JsonSerializer.Serialize(order, SpecJson.Options));
        return worker;
    }
}
