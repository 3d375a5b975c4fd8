using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// The worker's end: one order in, events out as JSON lines, and an end when the dashboard says so or is gone (its pipe
/// closes). The experiment runs on the calling thread; only the listening is on another.
/// </summary>
/// <param name="orders">Standard input.</param>
/// <param name="reports">Standard output, which nothing else may write to.</param>
/// <param name="run">Runs the experiment.</param>
/// <param name="endHard">Ends the process when it does not stop in time.</param>
public sealed class WorkerSession(
    TextReader orders,
    Stream reports,
    Action<WorkerOrder, ExperimentSpec, IExperimentObserver, CancellationToken> run,
    Action endHard
)
{
    /// <summary>The line that asks a worker to stop.</summary>
    public const string StopWord = "cancel";

    private readonly CancellationTokenSource _stop = new();

    /// <summary>Runs the order; returns the exit code.</summary>
    public int Run()
    {
        var line = orders.ReadLine();
        if (line is null)
        {
            return WorkerExit.Stopped;
        }

        using var writer = new EventWriter(reports, _stop.Cancel, TimeProvider.System);
        try
        {
            var order = JsonSerializer.Deserialize<WorkerOrder>(line, SpecJson.Options)!;
            new Thread(() => Listen(TimeSpan.FromSeconds(order.StopSeconds)))
            {
                IsBackground = true,
                Name = "orders",
            }.Start();
            var (spec, faults) = SpecJson.Read(order.Spec);
            if (spec is null)
            {
                throw new SpecException(faults);
            }

            run(order, spec, writer, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            writer.Finish(RunEnding.Cancelled, "");
        }
        catch (Exception error)
        {
            // The last line of defence of this process: whatever it is, the dashboard must hear it.
            Console.Error.WriteLine(error);
            writer.Finish(RunEnding.Failed, $"{error.Message} ({error.GetType().Name})");
        }

        // A runner that returned without saying how it ended has completed or obeyed.
        writer.Finish(_stop.IsCancellationRequested ? RunEnding.Cancelled : RunEnding.Completed, "");
        return writer.Ending switch
        {
            RunEnding.Completed => WorkerExit.Completed,
            RunEnding.Cancelled => WorkerExit.Stopped,
            _ => WorkerExit.Failed,
        };
    }

    private void Listen(TimeSpan stopTime)
    {
        string? line;
        do
        {
            line = orders.ReadLine();
        } while (line is not null and not StopWord);

        _stop.Cancel();

        // When the dashboard is gone nobody else will end this process.
        Thread.Sleep(stopTime);
        endHard();
    }
}
