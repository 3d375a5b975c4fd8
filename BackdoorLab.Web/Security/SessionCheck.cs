using System.Security.Claims;
using BackdoorLab.Data;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Looks again and again whether the account behind an open circuit may still be there: a disabled one, one with
/// another role or password is signed out.
/// </summary>
internal sealed class SessionCheck(
    ILoggerFactory logger,
    IServiceScopeFactory scopes,
    LabOptions lab,
    IOptions<IdentityOptions> identity
) : RevalidatingServerAuthenticationStateProvider(logger)
{
    /// <inheritdoc/>
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(lab.SessionCheckSeconds);

    /// <inheritdoc/>
    protected override async Task<bool> ValidateAuthenticationStateAsync(
        AuthenticationState authenticationState,
        CancellationToken cancellationToken
    )
    {
        if (lab.Mode == LabMode.Local)
        {
            return true;
        }

        // A scope of its own: the circuit's would still remember what it read first.
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<LabUser>>();
        return await users.GetUserAsync(authenticationState.User) is { Disabled: false } user
            && authenticationState.User.FindFirstValue(identity.Value.ClaimsIdentity.SecurityStampClaimType)
                == await users.GetSecurityStampAsync(user);
    }
}
