using BackdoorLab.Data;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Security;

/// <summary>Everybody's own API keys; an administrator also sees and revokes those of others.</summary>
public sealed class ApiKeys(Actor actor, Audit audit, ApiKeyStore store)
{
    /// <summary>The actor's keys.</summary>
    public Task<IReadOnlyList<ApiKeyItem>> Own(CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Viewer);
        return store.ListAsync(actor.Name, cancellation);
    }

    /// <summary>Everybody's keys.</summary>
    public Task<IReadOnlyList<ApiKeyItem>> All(CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Admin);
        return store.ListAsync(null, cancellation);
    }

    /// <summary>Makes a key and returns it; it cannot be had again.</summary>
    /// <exception cref="PersonTextException">Its name is refused.</exception>
    public async Task<string> Create(string name, ApiScope scope)
    {
        actor.Require(scope == ApiScope.Run ? LabRole.Researcher : LabRole.Viewer);
        var (item, key) = await store.CreateAsync(PersonText.KeyName.Take(name), actor.Name, scope);
        await audit.Add("create-key", item.Id, $"{item.Prefix}… {scope.ToString().ToLowerInvariant()} {item.Name}");
        return key;
    }

    /// <summary>
    /// Ends a key. False when it had ended or belongs to somebody else and the actor is no administrator.
    /// </summary>
    public async Task<bool> Revoke(string id)
    {
        actor.Require(LabRole.Viewer);
        var revoked = await store.RevokeAsync(id, actor.May(LabRole.Admin) ? null : actor.Name);
        if (revoked)
        {
            await audit.Add("revoke-key", id);
        }

        return revoked;
    }
}
