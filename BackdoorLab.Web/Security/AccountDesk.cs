using System.Buffers.Text;
using System.Text;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Security;

/// <summary>
/// What an administrator does with accounts. Nobody learns the password of another: a new one is set through a link,
/// once.
/// </summary>
public sealed class AccountDesk(
    Actor actor,
    Audit audit,
    AccountQueries queries,
    AccountGate gate,
    IServiceScopeFactory scopes,
    TimeProvider time
)
{
    private const string DeadLink = "This link has been used or has expired. Ask an administrator for a new one.";

    /// <summary>All accounts.</summary>
    public Task<IReadOnlyList<AccountItem>> List(CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Admin);
        return queries.ListAsync(cancellation);
    }

    /// <summary>
    /// Makes an account without a password; returns the path by which its user sets one, or what is wrong.
    /// </summary>
    public Task<(string? Invitation, IReadOnlyList<string> Faults)> Create(string name, LabRole role) =>
        Change<(string?, IReadOnlyList<string>)>(async users =>
        {
            if (PersonText.UserName.Read(name).Fault is { } fault)
            {
                return (null, [$"The user name {fault}"]);
            }

            var user = New(name, role, time);
            var made = await users.CreateAsync(user);
            if (!made.Succeeded)
            {
                return (null, Faults(made));
            }

            await audit.Add("create-account", name, role.ToString());
            return (await Invitation(users, user), []);
        });

    /// <summary>
    /// Takes an account's password away, ends its sessions and returns the path by which its user sets a new one.
    /// </summary>
    public Task<string?> Reset(string name) =>
        Change(async users =>
        {
            if (await users.FindByNameAsync(name) is not { } user || await IsLastAdmin(user))
            {
                return null;
            }

            // Removing the password changes the stamp, which ends sessions and older links.
            await users.RemovePasswordAsync(user);
            await audit.Add("reset-password", name);
            return await Invitation(users, user);
        });

    /// <summary>Gives another role. False for the last administrator.</summary>
    public Task<bool> SetRole(string name, LabRole role) =>
        Change(name, role == LabRole.Admin, user => user.Role = role, "set-role", role.ToString());

    /// <summary>Disables an account or enables it again. False for the last administrator.</summary>
    public Task<bool> SetDisabled(string name, bool disabled) =>
        Change(name, !disabled, user => user.Disabled = disabled, disabled ? "disable-account" : "enable-account");

    /// <summary>
    /// Sets the password that an invitation or a reset allows; returns what is wrong, nothing when it is done.
    /// </summary>
    /// <param name="name">User name.</param>
    /// <param name="code">From the link; used up by success.</param>
    /// <param name="password">The new password.</param>
    public async Task<IReadOnlyList<string>> TakeUp(string? name, string? code, string password)
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<LabUser>>();
        if (await users.FindByNameAsync(name ?? "") is not { Disabled: false } user || Decode(code) is not { } token)
        {
            return [DeadLink];
        }

        var set = await users.ResetPasswordAsync(user, token, password);
        if (set.Succeeded)
        {
            await audit.Add("set-password", user.UserName ?? "");
            return [];
        }

        return set.Errors.Any(error => error.Code == nameof(IdentityErrorDescriber.InvalidToken))
            ? [DeadLink]
            : Faults(set);
    }

    internal static LabUser New(string name, LabRole role, TimeProvider time) =>
        new()
        {
            UserName = name.Trim(),
            Role = role,
            Created = time.GetUtcNow().UtcDateTime,
        };

    internal static IReadOnlyList<string> Faults(IdentityResult result) =>
        [.. result.Errors.Select(error => error.Description)];

    private static async Task<string> Invitation(UserManager<LabUser> users, LabUser user)
    {
        var token = await users.GeneratePasswordResetTokenAsync(user);
        return LabUrls.With(
            LabUrls.SetPassword,
            ("name", user.UserName),
            ("code", Base64Url.EncodeToString(Encoding.UTF8.GetBytes(token)))
        );
    }

    private static string? Decode(string? code)
    {
        try
        {
            return code is null ? null : Encoding.UTF8.GetString(Base64Url.DecodeFromChars(code));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private Task<bool> Change(
        string name,
        bool keepsAdmin,
        Action<LabUser> change,
        string action,
        string detail = ""
    ) =>
        Change(async users =>
        {
            if (await users.FindByNameAsync(name) is not { } user || (!keepsAdmin && await IsLastAdmin(user)))
            {
                return false;
            }

            change(user);

            // The stamp: sessions with the old rights end.
            await users.UpdateSecurityStampAsync(user);
            await audit.Add(action, name, detail);
            return true;
        });

    private async Task<bool> IsLastAdmin(LabUser user) =>
        user is { Role: LabRole.Admin, Disabled: false, PasswordHash: not null }
        && await queries.CountAdminsAsync() <= 1;

    private Task<T> Change<T>(Func<UserManager<LabUser>, Task<T>> change)
    {
        actor.Require(LabRole.Admin);
        return gate.Pass(async () =>
        {
            await using var scope = scopes.CreateAsyncScope();
            return await change(scope.ServiceProvider.GetRequiredService<UserManager<LabUser>>());
        });
    }
}
