namespace BackdoorLab.Data.Tests.Sharing;

public sealed class ViewTests : LabTest
{
    private static readonly NoteSubject Subject = new(NoteSubject.Run, "0123456789ab");

    [Fact]
    public async Task Save_OfTwoWhoEditAtOnce_TellsTheSecondAndKeepsTheFirst()
    {
        var read = await Lab.Notes.FindAsync(Subject);

        var first = await Lab.Notes.SaveAsync(Subject, "first", read.Version, "anna");
        var second = await Lab.Notes.SaveAsync(Subject, "second", read.Version, "ben");

        Assert.True(first.Saved);
        Assert.Equal((false, "first", "anna"), (second.Saved, second.Note.Markdown, second.Note.EditedBy));
        Assert.True((await Lab.Notes.SaveAsync(Subject, "both", second.Note.Version, "ben")).Saved);
        Assert.Equal(("both", "ben", 2), await Lab.Notes.FindAsync(Subject) switch { var note => (note.Markdown, note.EditedBy, note.Version) });
    }

    [Fact]
    public async Task View_OfTheSameName_KeepsItsAddress()
    {
        var first = await Lab.Views.SaveAsync("mine", "/runs", "q=a", "anna", shared: false);
        var again = await Lab.Views.SaveAsync("mine", "/runs", "q=b", "anna", shared: true);
        await Lab.Views.SaveAsync("mine", "/runs", "q=c", "ben", shared: false);

        Assert.Equal(first.Id, again.Id);
        Assert.Equal("/runs?q=b", (await Lab.Views.FindAsync(first.Id))!.Address);
        Assert.Equal(["q=b"], (await Lab.Views.ListAsync("/runs", "cora")).Select(view => view.Query));
        Assert.Equal(2, (await Lab.Views.ListAsync("/runs", "ben")).Count);
        Assert.True(await Lab.Views.DeleteAsync(first.Id));
        Assert.Null(await Lab.Views.FindAsync(first.Id));
    }

    [Fact]
    public async Task ShortLink_OfTheSameState_IsOne()
    {
        var first = await Lab.Views.SaveAsync("", "/compare", "ids=a,b", "", shared: false);

        Assert.Equal(first.Id, (await Lab.Views.SaveAsync("", "/compare", "ids=a,b", "", shared: false)).Id);
        Assert.NotEqual(first.Id, (await Lab.Views.SaveAsync("", "/compare", "ids=a,c", "", shared: false)).Id);
        Assert.Empty(await Lab.Views.ListAsync("/compare", ""));
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("")]
    public async Task View_OfAnotherHost_IsRefused(string path) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Lab.Views.SaveAsync("x", path, "", "", shared: false));
}
