using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Runs;

/// <summary>Starts workers as child processes of the same program.</summary>
public sealed class WorkerLauncher : IWorkerLauncher
{
    /// <inheritdoc/>
    public IWorker Start(WorkerOrder order)
    {
        var start = WorkerCommandLine.Create();
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.StandardInputEncoding = start.StandardOutputEncoding = start.StandardErrorEncoding = new UTF8Encoding(false);

        // One arena keeps freed native memory usable, the collector must not run beside native calls, and OpenMP reads its count at load.
        start.Environment["MALLOC_ARENA_MAX"] = "1";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["OMP_NUM_THREADS"] = order.Threads.ToString(CultureInfo.InvariantCulture);

        var process = Process.Start(start)!;
        var worker = new WorkerProcess(process, TimeSpan.FromSeconds(order.StopSeconds));
        worker.Send(JsonSerializer.Serialize(order, SpecJson.Options));
        return worker;
    }
}
