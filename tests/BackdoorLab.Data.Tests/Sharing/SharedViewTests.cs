namespace BackdoorLab.Data.Tests.Sharing;

public sealed class SharedViewTests
{
    [Fact]
    public void View_WrittenAndRead_MeansTheSame()
    {
        var text = RunQueryText.Parse("street -tag:old asr>=90% created:2026-11-24 created>=7d state:finished");
        var view = new SharedView(
            new()
            {
                Text = text.Words,
                Conditions = text.Conditions,
                States = [RunState.Failed],
                Dataset = "gtsrb",
                Archived = false,
            },
            [new(RunSort.Seed, true)],
            "q=x"
        );

        var read = SharedView.Read(view.Write())!;

        Assert.Equal(view.Write(), read.Write());
        Assert.Equal(
            DateTimeKind.Utc,
            read.Filter.Conditions.Single(condition =>
                condition.Field == RunField.Created && condition.DaysAgo is null
            ).Time.Kind
        );
        Assert.Contains(read.Filter.Conditions, condition => condition.DaysAgo == 7);
        Assert.Equal((RunSort.Seed, true), (read.Sort[0].Column, read.Sort[0].Descending));
    }

    /// <summary>Numbers would open something else as soon as an enumeration has another value in the middle.</summary>
    [Fact]
    public void View_Written_NamesStatesAndFields()
    {
        var view = new SharedView(
            new() { States = [RunState.Failed], Conditions = RunQueryText.Parse("seed>2").Conditions },
            [],
            ""
        ).Write();

        Assert.Contains("\"Failed\"", view, StringComparison.Ordinal);
        Assert.Contains("\"Field\":\"Seed\",\"Comparison\":\"Greater\"", view, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"Filter\":{},\"Sort\":[],\"Query\":\"\"}")]
    [InlineData("{\"Filter\":{\"Text\":\" \"},\"Sort\":[],\"Query\":\"\"}")]
    [InlineData("{\"Filter\":{\"States\":[\"Asleep\"]},\"Sort\":[],\"Query\":\"\"}")]
    public void Read_OfWhatNarrowsNothing_IsNoView(string target) => Assert.Null(SharedView.Read(target));

    [Fact]
    public void Read_OfTheTrash_LeavesTheTrashOut() =>
        Assert.False(
            SharedView.Read(new SharedView(new() { Dataset = "gtsrb", Deleted = true }, [], "").Write())!.Filter.Deleted
        );
}
