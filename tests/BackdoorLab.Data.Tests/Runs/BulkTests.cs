namespace BackdoorLab.Data.Tests.Runs;

public sealed class BulkTests : LabTest
{
    [Fact]
    public async Task Tag_OfAFilterThatAsksForTheTag_ReplacesItEverywhere()
    {
        var ids = new List<string>();
        for (var index = 0; index < 30; index++)
        {
            ids.Add((await Lab.Store.SubmitAsync(Samples.Content($"run {index}"))).Id);
        }

        Assert.Equal(30, await Lab.Bulk.TagAsync(RunSelection.Of(ids), ["old", "kept"], []));
        var old = new RunFilter { Conditions = RunQueryText.Parse("tag:old").Conditions };

        Assert.Equal(30, await Lab.Bulk.TagAsync(RunSelection.All(old), ["new", "kept"], ["old"]));

        Assert.Equal([new TagCount("kept", 30), new TagCount("new", 30)], await Lab.Facets.TagsAsync());
        Assert.Equal(["kept", "new"], (await Lab.List.ListAsync(new RunFilter(), [], 0, 5)).Items[0].Tags);
        Assert.Equal(["kept", "new"], (await Lab.Details.FindAsync(ids[3]))!.Run.Tags);
    }

    [Fact]
    public async Task Archive_OfAFilter_TakesRunsOutOfTheUsualList()
    {
        await Lab.Store.SubmitAsync(Samples.Content("a", attack: "blended"));
        await Lab.Store.SubmitAsync(Samples.Content("b"));

        Assert.Equal(
            1,
            await Lab.Bulk.ArchiveAsync(RunSelection.All(new RunFilter { Attack = "blended" }), archived: true)
        );

        Assert.Equal(
            "b",
            Assert.Single((await Lab.List.ListAsync(new RunFilter { Archived = false }, [], 0, 9)).Items).Name
        );
        Assert.Equal(
            "a",
            Assert.Single((await Lab.List.ListAsync(new RunFilter { Archived = true }, [], 0, 9)).Items).Name
        );
        Assert.Equal(2, (await Lab.List.ListAsync(new RunFilter(), [], 0, 9)).Total);
    }

    [Fact]
    public async Task Delete_OfAnInterruptedRun_CancelsIt()
    {
        var run = await Lab.RunningAsync(leaseSeconds: 1);
        Lab.Clock.Advance(10);
        await Lab.Leases.RecoverLostAsync(Lab.Clock.UtcNow);

        Assert.Equal([run.Id], await Lab.Bulk.DeleteAsync(RunSelection.All(new RunFilter())));

        var item = await Lab.ItemAsync(run.Id);
        Assert.Equal((RunState.Cancelled, true, Lab.Clock.UtcNow), (item.State, item.Deleted, item.DeletedAt));
    }

    [Fact]
    public async Task Purge_NamesOnlyTheStagesThatNoOtherRunHas()
    {
        var (gone, alive) = (await WithStages("shared", "own"), await WithStages("shared", "other"));
        await Lab.Bulk.DeleteAsync(RunSelection.Of([gone]));

        Assert.Equal(
            ["own"],
            (await Lab.Files.FreedByPurgeAsync(RunSelection.All(new RunFilter { Deleted = true }))).Stages
        );
        var purged = await Lab.Bulk.PurgeAsync(RunSelection.All(new RunFilter { Deleted = true }));

        Assert.Equal((1, "own"), (purged.Runs, string.Join(' ', purged.Freed.Stages)));
        Assert.NotNull(await Lab.Details.FindAsync(alive));
    }

    [Fact]
    public async Task Purge_OfChecks_NamesOnlyTheModelsThatNoOtherCheckHas()
    {
        string[] gone = [await Checked("shared"), await Checked("own"), await Checked("own")];
        var alive = await Checked("shared");
        await Lab.Bulk.DeleteAsync(RunSelection.Of(gone));
        Assert.Equal("own shared", string.Join(' ', (await Lab.Files.ModelsAsync()).Order()));

        var purged = await Lab.Bulk.PurgeAsync(RunSelection.Of(gone));

        Assert.Equal((3, "own"), (purged.Runs, string.Join(' ', purged.Freed.Models)));
        Assert.Equal(["shared"], await Lab.Files.ModelsAsync());
        Assert.NotNull(await Lab.Details.FindAsync(alive));
    }

    private async Task<string> Checked(string hash) =>
        await Lab.EndedAsync(
            Samples.Content(attack: KnownLabels.UnknownAttack) with
            {
                SpecJson = $$$"""{"suspect":{"file":"m.pth","sha256":"{{{hash}}}"}}""",
            },
            []
        );

    private async Task<string> WithStages(params string[] keys)
    {
        var id = await Lab.EndedAsync(Samples.Content(), []);
        await using var context = Lab.Contexts.CreateDbContext();
        context.Stages.AddRange(keys.Select(key => new Stage { RunId = id, Key = key }));
        await context.SaveChangesAsync();
        return id;
    }
}
