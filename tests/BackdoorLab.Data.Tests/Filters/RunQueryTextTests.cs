namespace BackdoorLab.Data.Tests.Filters;

public sealed class RunQueryTextTests : LabTest
{
    [Fact]
    public void Parse_WordsAndConditions_AreToldApart()
    {
        var query = RunQueryText.Parse("street attack:bad-nets,blended -tag:old asr>=90% \"ratio:1\" signs");

        Assert.Equal("street ratio:1 signs", query.Words);
        Assert.Empty(query.Faults);
        Assert.Collection(
            query.Conditions,
            attack =>
                Assert.Equal(
                    (RunField.Attack, "bad-nets|blended", false),
                    (attack.Field, string.Join('|', attack.Texts), attack.Negated)
                ),
            tag => Assert.Equal((RunField.Tag, "old", true), (tag.Field, string.Join('|', tag.Texts), tag.Negated)),
            rate =>
                Assert.Equal(
                    (RunField.AttackSuccessRate, RunComparison.AtLeast, 0.9),
                    (rate.Field, rate.Comparison, rate.Number)
                )
        );
    }

    [Theory]
    [InlineData("atack:x", "There is no field 'atack'")]
    [InlineData("asr>much", "'much' is not a number")]
    [InlineData("created>tomorrow", "a day is written as 2026-11-24")]
    [InlineData("created>=d", "7d (seven days ago)")]
    [InlineData("created>=-7d", "7d (seven days ago)")]
    [InlineData("created>=99999d", "7d (seven days ago)")]
    [InlineData("state:asleep", "there is no state 'asleep'")]
    [InlineData("name>b", "name is a text")]
    [InlineData("model:", "a value is missing")]
    [InlineData("state:3", "there is no state '3'")]
    public void Parse_AMistake_SaysWhatAndDoesNotFilter(string text, string fault)
    {
        var query = RunQueryText.Parse(text);

        Assert.Contains(fault, Assert.Single(query.Faults), StringComparison.Ordinal);
        Assert.Empty(query.Conditions);
    }

    [Theory]
    [InlineData("attack:BAD", "a c")]
    [InlineData("attack=bad", "")]
    [InlineData("attack=bad-nets", "a c")]
    [InlineData("attack:bad-nets,blended", "a b c")]
    [InlineData("-attack:bad-nets", "b")]
    [InlineData("seed:2", "b")]
    [InlineData("seed>=2", "b c")]
    [InlineData("state:finished", "c")]
    [InlineData("-state:finished", "a b")]
    [InlineData("asr>50%", "c")]
    [InlineData("asr<0.5", "")]
    [InlineData("-asr<0.5", "a b c")]
    [InlineData("tag:paper", "a")]
    [InlineData("-tag:paper", "b c")]
    [InlineData("rate:10%", "a b c")]
    [InlineData("created:2026-11-24", "a b c")]
    [InlineData("created>2026-11-24", "")]
    [InlineData("created<=2026-11-24 name:\"b\"", "b")]
    [InlineData("created:today", "a b c")]
    [InlineData("created<today", "")]
    [InlineData("created>=1w", "a b c")]
    public async Task List_ACondition_ChoosesRuns(string text, string expected)
    {
        var a = (await Lab.Store.SubmitAsync(Samples.Content("a", attack: "bad-nets"))).Id;
        await Lab.Store.SubmitAsync(Samples.Content("b", attack: "blended", seed: 2));
        await Lab.EndedAsync(
            Samples.Content("c", attack: "bad-nets", seed: 3),
            [Samples.Value(Samples.Key(), ("attack-success-rate", 0.9))]
        );
        await Lab.Bulk.TagAsync(RunSelection.Of([a]), ["paper"], []);
        var query = RunQueryText.Parse(
            text.Replace(
                "2026-11-24",
                Lab.Clock.UtcNow.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
                StringComparison.Ordinal
            )
        );

        var page = await Lab.List.ListAsync(
            new RunFilter { Text = query.Words, Conditions = query.Conditions },
            [new(RunSort.Name, false)],
            0,
            10
        );

        Assert.Empty(query.Faults);
        Assert.Equal(expected, string.Join(' ', page.Items.Select(run => run.Name)));
    }

    [Theory]
    [InlineData("created:today", "today")]
    [InlineData("created:yesterday", "yesterday")]
    [InlineData("created>=7d", "seven today yesterday")]
    [InlineData("created>1w", "today yesterday")]
    [InlineData("created<7d", "eight")]
    [InlineData("created<=7D", "eight seven")]
    public async Task List_DaysAgo_CountFromTheDayOfAsking(string text, string expected)
    {
        foreach (var (name, wait) in new[] { ("eight", 1), ("seven", 6), ("yesterday", 1), ("today", 0) })
        {
            await Lab.Store.SubmitAsync(Samples.Content(name));
            Lab.Clock.Advance(wait * 86400);
        }

        var page = await Lab.List.ListAsync(
            new RunFilter { Conditions = RunQueryText.Parse(text).Conditions },
            [new(RunSort.Name, false)],
            0,
            10
        );

        Assert.Equal(expected, string.Join(' ', page.Items.Select(run => run.Name)));
    }

    [Fact]
    public async Task List_SeveralSortKeys_BreakTiesInOrder()
    {
        foreach (var (name, attack, seed) in new[] { ("p", "b", 1), ("q", "a", 2), ("r", "a", 3), ("s", "b", 2) })
        {
            await Lab.Store.SubmitAsync(Samples.Content(name, attack: attack, seed: seed));
        }

        var page = await Lab.List.ListAsync(
            new RunFilter(),
            [new(RunSort.Attack, false), new(RunSort.Seed, true)],
            0,
            10
        );

        Assert.Equal("r q s p", string.Join(' ', page.Items.Select(run => run.Name)));
    }

    [Theory]
    [InlineData("Paper, WIP ;paper", "paper wip")]
    [InlineData("<b>x</b>", "b-x--b")]
    [InlineData("--", "")]
    [InlineData(null, "")]
    public void Tags_OfAText_HaveOneForm(string? text, string expected) =>
        Assert.Equal(expected, string.Join(' ', TagText.Parse(text)));
}
