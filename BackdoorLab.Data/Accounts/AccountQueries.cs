using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Accounts;

/// <summary>Reads accounts; they are changed through Identity.</summary>
public sealed class AccountQueries(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>All accounts by name.</summary>
    public async Task<IReadOnlyList<AccountItem>> ListAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var users = await context
            .Users.AsNoTracking()
            .OrderBy(user => user.NormalizedUserName)
            .ToListAsync(cancellation);
        return
        [
            .. users.Select(user => new AccountItem(
                user.Id,
                user.UserName ?? "",
                user.Role,
                user.Disabled,
                user.PasswordHash is not null,
                user.Created,
                user.LastSignIn
            )),
        ];
    }

    /// <summary>An account by its name (case does not matter), or null.</summary>
    public async Task<AccountItem?> FindAsync(string name, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        var normalized = name.ToUpperInvariant();
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Users.AsNoTracking()
            .Where(user => user.NormalizedUserName == normalized)
            .Select(user => new AccountItem(
                user.Id,
                user.UserName ?? "",
                user.Role,
                user.Disabled,
                user.PasswordHash != null,
                user.Created,
                user.LastSignIn
            ))
            .SingleOrDefaultAsync(cancellation);
    }

    /// <summary>Administrators who can sign in.</summary>
    public async Task<int> CountAdminsAsync(CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Users.CountAsync(
            user => user.Role == LabRole.Admin && !user.Disabled && user.PasswordHash != null,
            cancellation
        );
    }

    /// <summary>Notes that somebody signed in.</summary>
    public async Task SignedInAsync(string userId, CancellationToken cancellation = default)
    {
        // Outside Identity: its concurrency stamp must not change with a mere visit.
        var now = time.GetUtcNow().UtcDateTime;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await context
            .Users.Where(user => user.Id == userId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.LastSignIn, now), cancellation);
    }
}
