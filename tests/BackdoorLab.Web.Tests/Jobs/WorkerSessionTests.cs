using System.IO.Pipes;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Jobs;

/// <summary>The worker's side of the pipe, with a scripted experiment.</summary>
public sealed class WorkerSessionTests : IDisposable
{
    private readonly AnonymousPipeServerStream _input = new(PipeDirection.Out);
    private readonly MemoryStream _output = new();
    private readonly ManualResetEventSlim _endedHard = new();

    public void Dispose()
    {
        _input.Dispose();
        _output.Dispose();
        _endedHard.Dispose();
    }

    [Fact]
    public void Run_ToItsEnd_ReportsEventsAndExitsWithZero()
    {
        Send(Order());

        var code = Session((_, spec, observer, _) => observer.On(new LogWritten("info", spec.Name))).Run();

        Assert.Equal(WorkerExit.Completed, code);
        var events = Events();
        Assert.Equal("tiny", Assert.IsType<LogWritten>(events[0]).Message);
        Assert.NotEqual(default, events[0].At);
        Assert.Equal(RunEnding.Completed, Assert.IsType<RunFinished>(events[1]).Ending);
        Assert.Equal(2, events.Count);
    }

    [Fact]
    public void Run_StopWord_CancelsTheExperiment()
    {
        Send(Order(), WorkerSession.StopWord);

        Assert.Equal(WorkerExit.Stopped, Session(WaitForCancellation).Run());
        Assert.Equal(RunEnding.Cancelled, Assert.IsType<RunFinished>(Assert.Single(Events())).Ending);
    }

    [Fact]
    public void Run_DashboardGone_CancelsTheExperiment()
    {
        Send(Order());
        var session = Session(
            (order, spec, observer, stop) =>
            {
                _input.Dispose();
                WaitForCancellation(order, spec, observer, stop);
            }
        );

        Assert.Equal(WorkerExit.Stopped, session.Run());
    }

    [Fact]
    public void Run_ExperimentDoesNotObey_IsEndedHard()
    {
        Send(Order(), WorkerSession.StopWord);

        Session((_, _, _, _) => Assert.True(_endedHard.Wait(TimeSpan.FromMinutes(1)), "Nobody ended it.")).Run();
    }

    [Fact]
    public void Run_ExperimentThrows_ReportsTheErrorAndExitsWithOne()
    {
        Send(Order());

        Assert.Equal(WorkerExit.Failed, Session((_, _, _, _) => throw new InvalidDataException("bad file")).Run());
        Assert.Equal("bad file (InvalidDataException)", Assert.IsType<RunFinished>(Assert.Single(Events())).Error);
    }

    [Fact]
    public void Run_LineThatIsNoOrder_ReportsFailure()
    {
        Send("{\"what\":1}");

        Assert.Equal(WorkerExit.Failed, Session(WaitForCancellation).Run());
        Assert.Equal(RunEnding.Failed, Assert.IsType<RunFinished>(Assert.Single(Events())).Ending);
    }

    private static void WaitForCancellation(
        WorkerOrder order,
        ExperimentSpec spec,
        IExperimentObserver observer,
        CancellationToken stop
    )
    {
        Assert.True(stop.WaitHandle.WaitOne(TimeSpan.FromMinutes(1)), "Nobody cancelled it.");
        stop.ThrowIfCancellationRequested();
    }

    private static string Order() =>
        JsonSerializer.Serialize(
            new WorkerOrder(JsonNode.Parse(SpecJson.Write(TinySpec.Short))!, "data", "store", "lock", 1, 1),
            SpecJson.Options
        );

    private void Send(params string[] lines)
    {
        _input.Write(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
        _input.Flush();
    }

    private WorkerSession Session(Action<WorkerOrder, ExperimentSpec, IExperimentObserver, CancellationToken> run) =>
        new(
            new StreamReader(new AnonymousPipeClientStream(PipeDirection.In, _input.ClientSafePipeHandle)),
            _output,
            run,
            _endedHard.Set
        );

    private List<ExperimentEvent> Events() =>
        [
            .. Encoding
                .UTF8.GetString(_output.ToArray())
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<ExperimentEvent>(line, SpecJson.Options)!),
        ];
}
