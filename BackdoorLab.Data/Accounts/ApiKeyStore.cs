using System.Linq.Expressions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Accounts;

/// <summary>API keys: made, found by what was sent, revoked.</summary>
public sealed class ApiKeyStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Begins every key, so that a leaked one is found by those who look for such things.</summary>
    public const string Mark = "blab_";

    private const int PrefixLength = 11;
    private static readonly TimeSpan UseStep = TimeSpan.FromMinutes(1);

    private static readonly Expression<Func<ApiKey, ApiKeyItem>> ToItem = key => new ApiKeyItem(
        key.Id,
        key.Prefix,
        key.Name,
        key.Owner,
        key.Scope,
        key.Created,
        key.LastUsed,
        key.Revoked
    );

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Makes a key and returns it; it cannot be had again.</summary>
    /// <param name="name">What it is for.</param>
    /// <param name="owner">The user whose rights bound it.</param>
    /// <param name="scope">What it allows.</param>
    public async Task<(ApiKeyItem Item, string Key)> CreateAsync(
        string name,
        string owner,
        ApiScope scope,
        CancellationToken cancellation = default
    )
    {
        var text = Mark + Secret.New();
        var key = new ApiKey
        {
            Id = RunIds.New(),
            KeyHash = Secret.Hash(text),
            Prefix = text[..PrefixLength],
            Name = name,
            Owner = owner,
            Scope = scope,
            Created = Now,
        };
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        context.ApiKeys.Add(key);
        await context.SaveChangesAsync(cancellation);
        return (new(key.Id, key.Prefix, name, owner, scope, key.Created, null, null), text);
    }

    /// <summary>The key that was sent, if it holds, or null; notes its use.</summary>
    public async Task<ApiKeyItem?> UseAsync(string key, CancellationToken cancellation = default)
    {
        var hash = Secret.Hash(key);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var found = await context
            .ApiKeys.AsNoTracking()
            .Where(candidate => candidate.KeyHash == hash && candidate.Revoked == null)
            .Select(ToItem)
            .SingleOrDefaultAsync(cancellation);

        // A script asks many times a second; the list needs no such precision and the database no such writes.
        var now = Now;
        if (found is not null && (found.LastUsed is not { } last || now - last > UseStep))
        {
            await context
                .ApiKeys.Where(candidate => candidate.Id == found.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(candidate => candidate.LastUsed, now), cancellation);
        }

        return found;
    }

    /// <summary>Keys, newest first, also revoked ones.</summary>
    /// <param name="owner">Whose; everybody's when null.</param>
    public async Task<IReadOnlyList<ApiKeyItem>> ListAsync(string? owner, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .ApiKeys.AsNoTracking()
            .Where(key => owner == null || key.Owner == owner)
            .OrderByDescending(key => key.Created)
            .ThenBy(key => key.Id)
            .Select(ToItem)
            .ToListAsync(cancellation);
    }

    /// <summary>Ends a key. False when it had ended, is unknown or is somebody else's.</summary>
    /// <param name="owner">Whose it must be; anybody's when null.</param>
    public async Task<bool> RevokeAsync(string id, string? owner, CancellationToken cancellation = default)
    {
        var now = Now;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
                .ApiKeys.Where(key => key.Id == id && key.Revoked == null && (owner == null || key.Owner == owner))
                .ExecuteUpdateAsync(set => set.SetProperty(key => key.Revoked, now), cancellation) > 0;
    }
}
