namespace BackdoorLab.Data.Tests.Queries;

public sealed class ComparisonTests : LabTest
{
    [Fact]
    public async Task Compare_RunsAndAStranger_KeepsTheOrderAndNamesWhatIsMissing()
    {
        var first = await Lab.EndedAsync(
            Samples.Content(seed: 1),
            [Samples.Value(Samples.Key(), ("clean-accuracy", 0.9))]
        );
        var second = await Lab.RunningAsync(Samples.Content(seed: 2));
        await Lab.Recording.RecordAsync(
            second.Id,
            second.Attempt,
            new RunChanges
            {
                Curve =
                [
                    new TrainingPoint(Victim.Backdoored, 2, 2, 0.2, 0.8, null),
                    new TrainingPoint(Victim.Backdoored, 1, 2, 0.4, 0.6, 1),
                ],
                Artifacts =
                [
                    new ArtifactReference("stage", "clean.png", "image", "Clean"),
                    new ArtifactReference("stage", "curve.json", "figure", "Curve"),
                ],
            }
        );
        await Lab.Bulk.DeleteAsync(RunSelection.Of([first]));

        var comparison = await Lab.Comparisons.ReadAsync([second.Id, "zzzzzzzzzzzz", first, second.Id]);

        Assert.Equal([second.Id, first], comparison.Runs.Select(run => run.Run.Id));
        Assert.Equal(["zzzzzzzzzzzz"], comparison.Missing);
        Assert.True(comparison.Runs[1].Run.Deleted);
        Assert.Equal(0.9, comparison.Runs[1].Cells[0].Value("clean-accuracy"));
        Assert.Equal([1, 2], comparison.Runs[0].Curve.Select(point => point.Epoch));
        Assert.Equal("clean.png", Assert.Single(comparison.Runs[0].Images).File);
        Assert.Contains("schema", comparison.Runs[0].SpecJson, StringComparison.Ordinal);
    }

    [Fact]
    public Task Compare_MoreRunsThanAllowed_IsRefused() =>
        Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            Lab.Comparisons.ReadAsync([.. Enumerable.Range(0, CompareQuery.MaxRuns + 1).Select(i => $"{i}")])
        );

    [Fact]
    public async Task References_ImportedAgain_ReplaceThoseOfTheSameFileOnly()
    {
        var references = Lab.References;
        ReferenceRow row = new("gtsrb", "res-net8", "badnets", "strip", 0.1, 0.9, 0.05, null, "a.csv");
        await references.ReplaceAsync("a.csv", [row, row with { Defense = "" }]);
        await references.ReplaceAsync("b.csv", [row with { PoisonRate = 0.05 }]);
        await references.ReplaceAsync("a.csv", [row with { CleanAccuracy = null }]);

        Assert.Equal(
            [("a.csv", 1), ("b.csv", 1)],
            (await references.SourcesAsync()).Select(source => (source.Source, source.Rows))
        );
        Assert.Equal([row with { CleanAccuracy = null }], await references.FindAsync("gtsrb", "res-net8", 0.1));
        Assert.Equal(1, await references.RemoveAsync("b.csv"));
        Assert.Empty(await references.FindAsync("gtsrb", "res-net8", 0.05));
    }
}
