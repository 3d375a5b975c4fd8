namespace BackdoorLab.Data.Tests.Queries;

public sealed class RunListTests : LabTest
{
    [Fact]
    public async Task List_PagesWithEqualSortKeys_NeitherRepeatNorSkip()
    {
        var ids = new List<string>();
        for (var index = 0; index < 23; index++)
        {
            ids.Add((await Lab.Store.SubmitAsync(Samples.Content("all the same"))).Id);
        }

        foreach (var sort in Enum.GetValues<RunSort>())
        {
            foreach (var descending in new[] { false, true })
            {
                var seen = new List<string>();
                for (var page = 0; page < 5; page++)
                {
                    var result = await Lab.List.ListAsync(new RunFilter(), [new(sort, descending)], page, 5);
                    Assert.Equal(23, result.Total);
                    seen.AddRange(result.Items.Select(run => run.Id));
                }

                var expected = ids.Order(StringComparer.Ordinal);
                Assert.Equal(descending ? expected.Reverse() : expected, seen);
            }
        }

        Assert.Empty((await Lab.List.ListAsync(new RunFilter(), [], 99, 5)).Items);
    }

    [Fact]
    public async Task List_SortedByANumber_PutsRunsWithoutItLastInBothDirections()
    {
        await Lab.Store.SubmitAsync(Samples.Content("none"));
        foreach (var (name, rate) in new[] { ("middle", 0.5), ("low", 0.1), ("high", 0.9) })
        {
            await Lab.EndedAsync(Samples.Content(name), [Samples.Value(Samples.Key(), ("attack-success-rate", rate))]);
        }

        Assert.Equal(
            ["low", "middle", "high", "none"],
            await NamesAsync(new RunFilter(), RunSort.AttackSuccessRate, false)
        );
        Assert.Equal(
            ["high", "middle", "low", "none"],
            await NamesAsync(new RunFilter(), RunSort.AttackSuccessRate, true)
        );
    }

    [Fact]
    public async Task List_Filters_NarrowTogether()
    {
        await Lab.Store.SubmitAsync(Samples.Content("a", dataset: "gtsrb", attack: "badnets"));
        await Lab.Store.SubmitAsync(Samples.Content("b", dataset: "gtsrb", attack: "blended"));
        await Lab.Store.SubmitAsync(Samples.Content("c", dataset: "cifar10", attack: "badnets"));
        await Lab.Store.SubmitAsync(Samples.Content("d", dataset: "cifar10", model: "vgg19", attack: "badnets"));
        await Lab.RunningAsync(Samples.Content("e", dataset: "gtsrb", attack: "badnets"));

        Assert.Equal(["a", "b", "e"], await NamesAsync(new RunFilter { Dataset = "gtsrb" }));
        Assert.Equal(["a", "e"], await NamesAsync(new RunFilter { Dataset = "gtsrb", Attack = "badnets" }));
        Assert.Equal(["d"], await NamesAsync(new RunFilter { Model = "vgg19" }));
        Assert.Equal(["e"], await NamesAsync(new RunFilter { States = [RunState.Failed, RunState.Running] }));
        Assert.Equal(["a", "b", "c", "d", "e"], await NamesAsync(new RunFilter { Dataset = "", Text = "  " }));
    }

    [Fact]
    public async Task List_Text_MatchesEveryWordAnywhereAndNoWildcards()
    {
        await Lab.Store.SubmitAsync(Samples.Content("Street Signs 100%"));
        await Lab.Store.SubmitAsync(Samples.Content("street_signs", attack: "wanet"));
        await Lab.Store.SubmitAsync(Samples.Content("letters"));

        Assert.Equal(["Street Signs 100%", "street_signs"], await NamesAsync(new RunFilter { Text = "STREET" }));
        Assert.Equal(["street_signs"], await NamesAsync(new RunFilter { Text = "wanet street" }));
        Assert.Equal(["Street Signs 100%"], await NamesAsync(new RunFilter { Text = "0%" }));
        Assert.Equal(["street_signs"], await NamesAsync(new RunFilter { Text = "t_s" }));
        Assert.Empty(await NamesAsync(new RunFilter { Text = "\\" }));
    }

    [Fact]
    public async Task List_Trash_IsApart()
    {
        var kept = (await Lab.Store.SubmitAsync(Samples.Content("kept"))).Id;
        var gone = (await Lab.Store.SubmitAsync(Samples.Content("gone"))).Id;
        await Lab.Bulk.DeleteAsync(RunSelection.Of([gone]));

        Assert.Equal([kept], await Lab.IdsAsync(new RunFilter()));
        Assert.Equal([gone], await Lab.IdsAsync(new RunFilter { Deleted = true }));
    }

    [Fact]
    public async Task Overview_Lists_ShowEachRunWhereItBelongs()
    {
        var first = await Lab.EndedAsync(Samples.Content("first"), []);
        var second = await Lab.EndedAsync(Samples.Content("second", attack: "blended"), [], RunState.Failed);
        var running = await Lab.RunningAsync(Samples.Content("running", dataset: "cifar10"));
        Lab.Clock.Advance(1);
        var cancelling = await Lab.RunningAsync(Samples.Content("cancelling"));
        await Lab.Store.RequestCancelAsync(cancelling.Id);
        var early = await Lab.Store.QueuedAsync(Samples.Content("early"));
        Lab.Clock.Advance(1);
        var late = await Lab.Store.QueuedAsync(Samples.Content("late"));

        Assert.Equal([running.Id, cancelling.Id], (await Lab.Queue.ActiveAsync()).Select(run => run.Id));
        Assert.Equal([early.Id, late.Id], (await Lab.Queue.QueueAsync()).Select(run => run.Id));
        Assert.Equal([late.Id], (await Lab.Queue.QueueAsync(skip: 1)).Select(run => run.Id));
        Assert.Equal([early.Id], (await Lab.Queue.QueueAsync(count: 1)).Select(run => run.Id));
        Assert.Equal(
            (2, 0),
            await Lab.Queue.QueueTotalsAsync() is var totals ? (totals.Waiting, totals.Held) : default
        );
        Assert.Equal([second, first], (await Lab.List.LatestFinishedAsync(10)).Select(run => run.Id));
        Assert.Equal([second], (await Lab.List.LatestFinishedAsync(1)).Select(run => run.Id));

        var counts = await Lab.Facets.CountsAsync();
        Assert.Equal([0, 2, 1, 1, 1, 1, 0, 0], Enum.GetValues<RunState>().Select(state => counts[state]));

        var values = await Lab.Facets.FilterValuesAsync();
        Assert.Equal(["cifar10", "gtsrb"], values.Datasets);
        Assert.Equal(["res-net8"], values.Models);
        Assert.Equal(["badnets", "blended"], values.Attacks);
    }

    [Fact]
    public async Task EarlierSeconds_IsTheMedianOfSucceededRuns()
    {
        foreach (
            var (seconds, state) in new[]
            {
                (10d, RunState.Succeeded),
                (20, RunState.Succeeded),
                (400, RunState.Succeeded),
                (1, RunState.Failed),
                (30, RunState.Succeeded),
            }
        )
        {
            var run = await Lab.RunningAsync();
            Lab.Clock.Advance(seconds);
            await Lab.Leases.FinishAsync(run.Id, Samples.Worker, new RunEnd(state));
        }

        Assert.Equal(25, (await Lab.Queue.EarlierSecondsAsync("config-a"))!.Value, 6);
        Assert.Null(await Lab.Queue.EarlierSecondsAsync("unheard of"));
    }

    [Fact]
    public async Task Queries_CancelledToken_Throw() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Lab.List.ListAsync(new RunFilter(), [], 0, 25, new CancellationToken(canceled: true))
        );

    private async Task<IEnumerable<string>> NamesAsync(
        RunFilter filter,
        RunSort sort = RunSort.Name,
        bool descending = false
    ) => (await Lab.List.ListAsync(filter, [new(sort, descending)], 0, 100)).Items.Select(run => run.Name);
}
