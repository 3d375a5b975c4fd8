using BackdoorLab.Web.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace BackdoorLab.Web.Tests.Jobs;

public sealed class SharedReadingsTests
{
    private readonly Clock _time = new();
    private readonly RunFeed _feed;
    private readonly SharedReadings _readings;
    private int _count;

    public SharedReadingsTests()
    {
        _feed = new(_time, NullLogger<RunFeed>.Instance);
        _readings = new(_feed, _time);
    }

    [Fact]
    public async Task Get_ByManyWithoutNews_ReadsOnce()
    {
        var given = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Read("a")));

        Assert.All(given, number => Assert.Equal(1, number));
    }

    [Fact]
    public async Task Get_AfterAChangeOfTheRun_ReadsAgainAndOtherRunsDoNot()
    {
        await Read("a");
        await Read("b");

        _feed.Changed("a");

        Assert.Equal(3, await Read("a"));
        Assert.Equal(2, await Read("b"));
    }

    [Fact]
    public async Task Get_AfterAnyChange_ReadsWhatCoversAllRunsAgain()
    {
        await Read(null);
        _feed.Changed("a");
        Assert.Equal(2, await Read(null));
        _feed.ChangedMany();
        Assert.Equal(3, await Read(null));
    }

    [Fact]
    public async Task Get_ChangeWhileReading_IsNotTakenForSeen()
    {
        var gate = new TaskCompletionSource<int>();
        var slow = _readings.Get("number", "a", () => gate.Task);
        _feed.Changed("a");
        var next = Read("a");
        gate.SetResult(7);

        Assert.Equal(7, await slow);
        Assert.Equal(1, await next);
    }

    [Fact]
    public async Task Get_AfterItsTime_ReadsAgainThoughNobodyToldAChange()
    {
        await Read("a");
        _time.Advance(SharedReadings.Longest);

        Assert.Equal(2, await Read("a"));
    }

    [Fact]
    public async Task Get_AfterAFailure_ReadsAgain()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _readings.Get<int>("number", "a", () => throw new InvalidOperationException())
        );

        Assert.Equal(1, await Read("a"));
    }

    [Fact]
    public async Task Get_OneWaiterLeaves_TheOthersGetTheirResult()
    {
        using var leaving = new CancellationTokenSource();
        var gate = new TaskCompletionSource<int>();
        var left = _readings.Get("number", "a", () => gate.Task, leaving.Token);
        var stays = _readings.Get("number", "a", () => gate.Task);

        await leaving.CancelAsync();
        gate.SetResult(7);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Equal(7, await stays);
    }

    private Task<int> Read(string? runId) => _readings.Get("number", runId, () => Task.FromResult(++_count));

    private sealed class Clock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;

        public override long GetTimestamp() => _ticks;
    }
}
