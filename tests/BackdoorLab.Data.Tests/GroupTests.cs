namespace BackdoorLab.Data.Tests;

public sealed class GroupTests : LabTest
{
    [Fact]
    public async Task Group_ByConfiguration_AveragesOneRunPerSeed()
    {
        await Ended("a", 1, 0.2);
        await Ended("a", 2, 0.4);

        // A repeat of seed 2 with the same numbers, and one that failed: neither may narrow the spread.
        await Ended("a", 2, 0.4);
        await Lab.EndedAsync(Samples.Content("a", config: "config-a", seed: 3), [], RunState.Failed);
        await Ended("b", 1, 0.9, "config-b");

        var page = await Lab.Queries.GroupAsync(new RunFilter(), RunGrouping.Configuration, 0, 10);

        Assert.Equal(["config-b", "config-a"], page.Items.Select(group => group.Key));
        var group = page.Items[1];
        Assert.Equal((4, 3, 1, 2), (group.Runs, group.Finished, group.Failed, group.Seeds));
        Assert.Equal(2, group.AttackSuccessRate.N);
        Assert.Equal(0.3, group.AttackSuccessRate.Mean!.Value, 9);
        Assert.Equal(0.141421356, group.AttackSuccessRate.StandardDeviation!.Value, 9);
        Assert.Equal((1, 0.9, null), page.Items[0].AttackSuccessRate switch { var rate => (rate.N, rate.Mean!.Value, rate.StandardDeviation) });
        Assert.Equal(new Spread(0, null, null), group.CleanAccuracy);
    }

    [Theory]
    [InlineData(RunGrouping.Attack, "badnets:2")]
    [InlineData(RunGrouping.Seed, "1:1 2:1")]
    [InlineData(RunGrouping.State, "Succeeded:2")]
    [InlineData(RunGrouping.PoisonRate, "0.1:2")]
    [InlineData(RunGrouping.Owner, ":2")]
    [InlineData(RunGrouping.Study, ":2")]
    [InlineData(RunGrouping.Tag, ":1 x:1 y:1")]
    [InlineData(RunGrouping.Dataset, "gtsrb:2")]
    [InlineData(RunGrouping.Model, "res-net8:2")]
    public async Task Group_ByAField_CountsItsRuns(RunGrouping by, string expected)
    {
        var tagged = await Ended("a", 1, 0.2);
        await Ended("a", 2, 0.4);
        await Lab.Store.TagAsync(RunSelection.Of([tagged]), ["x", "y"], []);

        var page = await Lab.Queries.GroupAsync(new RunFilter(), by, 0, 10);

        Assert.Equal(expected, string.Join(' ', page.Items.OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Key}:{group.Runs}")));
        Assert.Equal(page.Items.Count, page.Total);
    }

    private Task<string> Ended(string name, long seed, double attack, string config = "config-a") => Lab.EndedAsync(
        Samples.Content(name, config: config, seed: seed), [Samples.Value(Samples.Key(), ("attack-success-rate", attack))]);
}
