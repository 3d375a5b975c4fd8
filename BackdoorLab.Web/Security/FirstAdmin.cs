using System.Security.Cryptography;
using System.Text;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Security;

/// <summary>
/// The door by which the first administrator comes in: a link printed on the console, for whoever started the lab. It
/// dies with its use and with the process, and there is none while an administrator can sign in.
/// </summary>
public sealed class FirstAdmin(
    LabOptions options,
    AccountQueries accounts,
    AccountGate gate,
    IServiceScopeFactory scopes,
    AuditLog audit,
    TimeProvider time
)
{
    private string? _hash;

    /// <summary>The path to print, or null when none is needed.</summary>
    public async Task<string?> OfferAsync()
    {
        if (options.Mode == LabMode.Local || await accounts.CountAdminsAsync() > 0)
        {
            return null;
        }

        var token = Secret.New();
        _hash = Secret.Hash(token);
        return LabUrls.With(LabUrls.FirstAdmin, ("token", token));
    }

    /// <summary>Whether a token opens the door.</summary>
    public bool Opens(string? token) =>
        _hash is { } hash
        && token is not null
        && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(hash),
            Encoding.ASCII.GetBytes(Secret.Hash(token))
        );

    /// <summary>Makes the administrator; returns what is wrong, nothing when it is done.</summary>
    public Task<IReadOnlyList<string>> CreateAsync(string? token, string name, string password) =>
        gate.Pass<IReadOnlyList<string>>(async () =>
        {
            if (!Opens(token) || await accounts.CountAdminsAsync() > 0)
            {
                return ["This link has been used. Start the lab again for a new one."];
            }

            if (PersonText.UserName.Read(name).Fault is { } fault)
            {
                return [$"The user name {fault}"];
            }

            await using var scope = scopes.CreateAsyncScope();
            var users = scope.ServiceProvider.GetRequiredService<UserManager<LabUser>>();
            var made = await users.CreateAsync(AccountDesk.New(name, LabRole.Admin, time), password);
            if (!made.Succeeded)
            {
                return AccountDesk.Faults(made);
            }

            _hash = null;
            await audit.AddAsync(name, "create-account", name, "first administrator");
            return [];
        });
}
