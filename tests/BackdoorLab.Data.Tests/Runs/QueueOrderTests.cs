namespace BackdoorLab.Data.Tests.Runs;

public sealed class QueueOrderTests : LabTest
{
    private DateTime Until => Lab.Clock.UtcNow.AddMinutes(2);

    [Fact]
    public async Task Claim_TakesTheRunThatWasPutFirst_ThenTheOthersInOrder()
    {
        var runs = new List<RunRef>();
        for (var i = 0; i < 4; i++)
        {
            Lab.Clock.Advance(1);
            runs.Add(await Lab.Store.QueuedAsync());
        }

        Assert.True(await Lab.Store.PutFirstAsync(runs[2].Id));
        Assert.True(await Lab.Store.PutFirstAsync(runs[3].Id));
        Assert.False(await Lab.Store.PutFirstAsync("000000000000"));

        RunRef[] expected = [runs[3], runs[2], runs[0], runs[1]];
        Assert.Equal(expected, await Lab.Store.ListQueuedAsync());
        Assert.Equal(expected.Select(run => run.Id), (await Lab.Queue.QueueAsync()).Select(run => run.Id));
        foreach (var run in expected)
        {
            Assert.Equal(run, await Lab.Leases.ClaimNextAsync("w", Until));
        }

        Assert.Null(await Lab.Leases.ClaimNextAsync("w", Until));
    }

    [Fact]
    public async Task Claim_WhileAStudyIsPaused_PassesItsRunsOver()
    {
        var (study, runs) = await Lab.Studies.CreateAsync(
            "s",
            "{}",
            [Samples.Content("a"), Samples.Content("b", seed: 2)]
        );
        Lab.Clock.Advance(5);
        var other = await Lab.Store.QueuedAsync();

        Assert.Equal(runs, await Lab.Studies.HoldAsync(study, held: true));

        Assert.Equal([other], await Lab.Store.ListQueuedAsync());
        Assert.Equal(other, await Lab.Leases.ClaimNextAsync("w", Until));
        Assert.Null(await Lab.Leases.ClaimNextAsync("w", Until));
        Assert.False(await Lab.Leases.TryClaimAsync(runs[0].Id, runs[0].Attempt, "w", Until));
        Assert.Equal(runs, await Lab.Studies.HoldAsync(study, held: false));
        Assert.Equal(runs[0], await Lab.Leases.ClaimNextAsync("w", Until));
    }

    [Fact]
    public async Task Claim_ByManyWorkersAtOnce_GivesEachRunToOne()
    {
        for (var i = 0; i < 8; i++)
        {
            await Lab.Store.QueuedAsync();
        }

        var claims = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(worker => Task.Run(() => Lab.Leases.ClaimNextAsync($"w{worker}", Until)))
        );

        Assert.Equal(8, claims.OfType<RunRef>().Select(run => run.Id).Distinct().Count());
        Assert.Equal(4, claims.Count(claim => claim is null));
    }
}
