using System.Diagnostics;
using BackdoorLab.Web.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace BackdoorLab.Web.Tests.Jobs;

public sealed class RunFeedTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly RunFeed _feed = new(TimeProvider.System, NullLogger<RunFeed>.Instance);

    [Fact]
    public async Task Changed_ManyTimes_CallsAtMostOncePerIntervalAndOnceAfterTheLast()
    {
        var calls = new List<TimeSpan>();
        var clock = Stopwatch.StartNew();
        using var subscription = _feed.Subscribe("a", () => Record(calls, clock), Interval);

        TimeSpan last = default;
        for (var i = 0; i < 500; i++)
        {
            last = clock.Elapsed;
            _feed.Changed("a");
            await Task.Delay(1);
        }

        await Until(() => Snapshot(calls) is { Count: > 0 } seen && seen[^1] >= last);
        var times = Snapshot(calls);
        for (var i = 1; i < times.Count; i++)
        {
            Assert.True(
                times[i] - times[i - 1] > Interval - TimeSpan.FromMilliseconds(30),
                "Two calls came too close together."
            );
        }
    }

    [Fact]
    public void Versions_GrowWithWhatTheyStandFor()
    {
        (long Run, long All, long States) Now() => (_feed.Version("a"), _feed.Version(null), _feed.StateVersion);

        _feed.Recorded("a", rows: false);
        Assert.Equal((0, 0, 0), Now());
        _feed.Recorded("a", rows: true);
        Assert.Equal((1, 1, 0), Now());
        _feed.Recorded("b", rows: true);
        Assert.Equal((1, 2, 0), Now());
        _feed.Ended("a");
        Assert.Equal((2, 3, 1), Now());
        _feed.ChangedMany();
        Assert.Equal((3, 4, 2), Now());
    }

    [Fact]
    public async Task Changed_OtherRun_ReachesOnlyThoseWhoWatchAll()
    {
        var one = 0;
        var all = 0;
        using var first = _feed.Subscribe("a", () => Count(ref one), Interval);
        using var second = _feed.SubscribeAll(() => Count(ref all), Interval);

        _feed.Changed("b");

        await Until(() => Volatile.Read(ref all) == 1);
        Assert.Equal(0, one);
    }

    [Fact]
    public async Task Changed_AfterDispose_CallsNobody()
    {
        var calls = 0;
        _feed.Subscribe("a", () => Count(ref calls), TimeSpan.Zero).Dispose();
        var other = 0;
        using var subscription = _feed.Subscribe("a", () => Count(ref other), TimeSpan.Zero);

        _feed.Changed("a");

        await Until(() => Volatile.Read(ref other) == 1);
        Assert.Equal(0, calls);
    }

    [Fact]
    public async Task Changed_CallbackThrows_IsCalledAgainNextTime()
    {
        var calls = 0;
        using var subscription = _feed.Subscribe(
            "a",
            () =>
                Interlocked.Increment(ref calls) == 1
                    ? throw new InvalidOperationException("first")
                    : Task.CompletedTask,
            TimeSpan.Zero
        );

        _feed.Changed("a");
        await Until(() => Volatile.Read(ref calls) == 1);
        _feed.Changed("a");

        await Until(() => Volatile.Read(ref calls) == 2);
    }

    [Fact]
    public void Report_Twice_KeepsTheLastUntilTheRunEnds()
    {
        _feed.Report("a", new LiveProgress("train", "k", 1, 10, "batches", 0.1, 9, default));
        _feed.Report("a", new LiveProgress("train", "k", 2, 10, "batches", 0.2, 8, default));

        Assert.Equal(2, _feed.Progress("a")!.Done);
        _feed.Ended("a");
        Assert.Null(_feed.Progress("a"));
    }

    private static Task Count(ref int counter)
    {
        Interlocked.Increment(ref counter);
        return Task.CompletedTask;
    }

    private static Task Record(List<TimeSpan> calls, Stopwatch clock)
    {
        lock (calls)
        {
            calls.Add(clock.Elapsed);
        }

        return Task.CompletedTask;
    }

    private static List<TimeSpan> Snapshot(List<TimeSpan> calls)
    {
        lock (calls)
        {
            return [.. calls];
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "It did not happen within a minute.");
            await Task.Delay(10);
        }
    }
}
