using System.Security.Claims;
using BackdoorLab.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Puts the role of an account into its cookie. It is read again with every check of the session, so a change takes
/// effect within seconds.
/// </summary>
internal sealed class LabClaims(UserManager<LabUser> users, IOptions<IdentityOptions> options)
    : UserClaimsPrincipalFactory<LabUser>(users, options)
{
    /// <summary>Somebody who has no account's cookie.</summary>
    public static ClaimsPrincipal Principal(string name, LabRole role, string scheme) =>
        new(
            new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, role.ToString())], scheme)
        );

    /// <inheritdoc/>
    protected override async Task<ClaimsIdentity> GenerateClaimsAsync(LabUser user)
    {
        var identity = await base.GenerateClaimsAsync(user);
        identity.AddClaim(new Claim(ClaimTypes.Role, user.Role.ToString()));
        return identity;
    }
}
