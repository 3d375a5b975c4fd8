using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Accounts;

/// <summary>Who changed what. Only ever added to.</summary>
public sealed class AuditLog(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Longest actor, subject or detail; what strangers type at the sign-in ends up here.</summary>
    private const int MostCharacters = 400;

    /// <summary>Adds a line.</summary>
    /// <param name="action">A verb in kebab-case.</param>
    /// <param name="subject">Id of what was changed.</param>
    public Task AddAsync(
        string actor,
        string action,
        string subject,
        string detail = "",
        CancellationToken cancellation = default
    ) => AddAsync(actor, action, [subject], detail, cancellation);

    /// <summary>Adds a line for each of several, in one transaction.</summary>
    /// <param name="action">A verb in kebab-case.</param>
    /// <param name="subjects">Ids of what was changed.</param>
    public async Task AddAsync(
        string actor,
        string action,
        IReadOnlyCollection<string> subjects,
        string detail = "",
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var now = time.GetUtcNow().UtcDateTime;
        context.AuditEntries.AddRange(
            subjects.Select(subject => new AuditEntry
            {
                At = now,
                Actor = Cut(actor),
                Action = action,
                Subject = Cut(subject),
                Detail = Cut(detail),
            })
        );
        await context.SaveChangesAsync(cancellation);
    }

    /// <summary>A page, newest first.</summary>
    /// <param name="actor">Whose; everybody's when empty.</param>
    /// <param name="subject">Of what; everything when empty.</param>
    /// <param name="page">From 0.</param>
    /// <param name="size">Lines of a page.</param>
    public async Task<AuditLogPage> ListAsync(
        string? actor,
        string? subject,
        int page,
        int size,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var rows = context
            .AuditEntries.AsNoTracking()
            .Where(entry =>
                (string.IsNullOrEmpty(actor) || entry.Actor == actor)
                && (string.IsNullOrEmpty(subject) || entry.Subject == subject)
            );
        var total = await rows.CountAsync(cancellation);
        var items = await rows.OrderByDescending(entry => entry.Id)
            .Skip(Math.Max(0, page) * size)
            .Take(size)
            .Select(entry => new AuditRow(entry.Id, entry.At, entry.Actor, entry.Action, entry.Subject, entry.Detail))
            .ToListAsync(cancellation);
        return new(items, total);
    }

    private static string Cut(string text) => text.Length <= MostCharacters ? text : text[..MostCharacters];
}
