namespace BackdoorLab.Data.Tests.Queries;

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

        var page = await Lab.Groups.PageAsync(new RunFilter(), RunGrouping.Configuration, 0, 10);

        Assert.Equal(["config-b", "config-a"], page.Items.Select(group => group.Key));
        var group = page.Items[1];
        Assert.Equal((4, 3, 1, 2), (group.Runs, group.Finished, group.Failed, group.Seeds));
        var rate = group.AttackSuccessRate.Stat!;
        Assert.Equal((2, 0), (rate.N, rate.Disagreeing));
        Assert.Equal(0.3, rate.Mean, 9);
        Assert.Equal(0.141421356, rate.StandardDeviation!.Value, 9);
        Assert.Equal(
            (1, 0.9, null),
            page.Items[0].AttackSuccessRate.Stat switch
            {
                var one => (one!.N, one.Mean, one.StandardDeviation),
            }
        );
        Assert.Null(group.CleanAccuracy.All);
    }

    [Fact]
    public async Task Group_OfSeveralConditions_HasARangeAndNoMean()
    {
        await Ended("a", 1, 0.2);
        await Lab.EndedAsync(
            Samples.Content(seed: 2, spec: Samples.Spec(members: "\"training\":{\"epochs\":2}")),
            [Samples.Value(Samples.Key(), ("attack-success-rate", 0.8))],
            RunState.Cancelled
        );

        var group = Assert.Single((await Lab.Groups.PageAsync(new RunFilter(), RunGrouping.Dataset, 0, 10)).Items);

        Assert.Equal((2, 2, null), (group.Conditions, group.Seeds, group.AttackSuccessRate.Stat));
        Assert.Equal((0.2, 0.8), (group.AttackSuccessRate.Minimum, group.AttackSuccessRate.Maximum));
        Assert.Equal(2, group.ConditionTexts.Count);
    }

    [Fact]
    public async Task Group_RepeatsThatDisagree_AreOneSeedThatSaysSo()
    {
        await Ended("a", 1, 0.2);
        await Ended("a", 1, 0.4);

        var rate = Assert
            .Single((await Lab.Groups.PageAsync(new RunFilter(), RunGrouping.Configuration, 0, 10)).Items)
            .AttackSuccessRate.Stat!;

        Assert.Equal((1, 1, 0.2, 0.4), (rate.N, rate.Disagreeing, rate.Minimum, rate.Maximum));
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
        await Lab.Bulk.TagAsync(RunSelection.Of([tagged]), ["x", "y"], []);

        var page = await Lab.Groups.PageAsync(new RunFilter(), by, 0, 10);

        Assert.Equal(
            expected,
            string.Join(
                ' ',
                page.Items.OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => $"{group.Key}:{group.Runs}")
            )
        );
        Assert.Equal(page.Items.Count, page.Total);
    }

    private Task<string> Ended(string name, long seed, double attack, string config = "config-a") =>
        Lab.EndedAsync(
            Samples.Content(name, config: config, seed: seed),
            [Samples.Value(Samples.Key(), ("attack-success-rate", attack))]
        );
}
