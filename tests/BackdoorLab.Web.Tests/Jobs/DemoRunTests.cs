using BackdoorLab.Data;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Jobs;

public sealed class DemoRunTests
{
    [Fact]
    public async Task Ensure_Again_ReturnsTheRunUnderWayAndTheOneThatSucceededButNotACancelledOne()
    {
        await using var lab = await TestLab.StartAsync();
        var demo = lab.Services.GetRequiredService<DemoRun>();
        lab.Workers.Next(worker => worker.WorkUntilStopped());
        var first = await demo.EnsureAsync(TinySpec.Short);
        await lab.Reaches(first, RunState.Running);
        Assert.Equal(first, await demo.EnsureAsync(TinySpec.Short));

        await lab.Queue.CancelAsync(first);
        await lab.Reaches(first, RunState.Cancelled);
        lab.Workers.Next(worker => worker.Complete());
        var second = await demo.EnsureAsync(TinySpec.Short);
        Assert.NotEqual(first, second);
        await lab.Reaches(second, RunState.Succeeded);

        Assert.Equal(second, await demo.EnsureAsync(TinySpec.Short));
        Assert.Equal(2, lab.Workers.Started);
    }
}
