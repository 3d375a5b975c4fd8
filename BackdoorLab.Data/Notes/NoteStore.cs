using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Notes;

/// <summary>
/// Markdown notes on runs and studies. Of two people who edit the same note at once the second is told, and nothing is
/// lost.
/// </summary>
public sealed class NoteStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Longest note, in characters.</summary>
    public const int MaxLength = 100_000;

    /// <summary>The note on a subject; empty with version 0 where nobody has written one.</summary>
    /// <param name="subject">What it is on.</param>
    public async Task<NoteItem> FindAsync(NoteSubject subject, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await FindAsync(context, subject, cancellation) is { } note ? Item(note) : new("", "", null, 0);
    }

    /// <summary>Saves a note over the version its author read.</summary>
    /// <param name="subject">What it is on.</param>
    /// <param name="markdown">Text; an empty one remains as a version, so that a later conflict is still seen.</param>
    /// <param name="version">The version the author read.</param>
    /// <param name="author">Name to show; empty in a lab without accounts.</param>
    /// <exception cref="ArgumentException">The text is longer than <see cref="MaxLength"/>.</exception>
    public async Task<NoteSave> SaveAsync(
        NoteSubject subject,
        string markdown,
        long version,
        string author,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(markdown);
        if (markdown.Length > MaxLength)
        {
            throw new ArgumentException(
                $"A note has {MaxLength} characters at most; this one has {markdown.Length}.",
                nameof(markdown)
            );
        }

        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var note = await FindAsync(context, subject, cancellation);
        if ((note?.Version ?? 0) != version)
        {
            return new(false, note is null ? new("", "", null, 0) : Item(note));
        }

        if (note is null)
        {
            note = new Note { Kind = subject.Kind, SubjectId = subject.Id };
            context.Notes.Add(note);
        }

        (note.Markdown, note.EditedBy, note.Edited) = (markdown, author, time.GetUtcNow().UtcDateTime);
        note.Version++;
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new(true, Item(note));
    }

    private static Task<Note?> FindAsync(LabDbContext context, NoteSubject subject, CancellationToken cancellation) =>
        context.Notes.SingleOrDefaultAsync(
            note => note.Kind == subject.Kind && note.SubjectId == subject.Id,
            cancellation
        );

    private static NoteItem Item(Note note) => new(note.Markdown, note.EditedBy, note.Edited, note.Version);
}

/// <summary>What a note is on.</summary>
/// <param name="Kind"><see cref="Run"/> or <see cref="Study"/>.</param>
/// <param name="Id">Its id.</param>
public sealed record NoteSubject(string Kind, string Id)
{
    /// <summary>A run.</summary>
    public const string Run = "run";

    /// <summary>A study.</summary>
    public const string Study = "study";
}

/// <summary>A note.</summary>
/// <param name="Markdown">Text.</param>
/// <param name="EditedBy">Who saved it last; empty in a lab without accounts.</param>
/// <param name="Edited">When, UTC; null where nobody has.</param>
/// <param name="Version">Give it back when saving.</param>
public sealed record NoteItem(string Markdown, string EditedBy, DateTime? Edited, long Version);

/// <summary>How a save went.</summary>
/// <param name="Saved">False when somebody else had saved meanwhile; nothing is changed then.</param>
/// <param name="Note">The note as it is now.</param>
public sealed record NoteSave(bool Saved, NoteItem Note);
