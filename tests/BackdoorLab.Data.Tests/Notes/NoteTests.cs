namespace BackdoorLab.Data.Tests.Notes;

public sealed class NoteTests : LabTest
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
        Assert.Equal(
            ("both", "ben", 2),
            await Lab.Notes.FindAsync(Subject) switch
            {
                var note => (note.Markdown, note.EditedBy, note.Version),
            }
        );
    }
}
