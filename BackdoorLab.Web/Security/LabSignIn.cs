using BackdoorLab.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Security;

/// <summary>Identity's sign-in, which knows disabled accounts.</summary>
internal sealed class LabSignIn(
    UserManager<LabUser> users, IHttpContextAccessor context, IUserClaimsPrincipalFactory<LabUser> claims, IOptions<IdentityOptions> options,
    ILogger<SignInManager<LabUser>> logger, IAuthenticationSchemeProvider schemes, IUserConfirmation<LabUser> confirmation, IPasswordHasher<LabUser> hasher)
    : SignInManager<LabUser>(users, context, claims, options, logger, schemes, confirmation)
{
    private static readonly LabUser Nobody = new() { UserName = "" };
    private static readonly string SomeHash = new PasswordHasher<LabUser>().HashPassword(Nobody, Secret.New());

    /// <inheritdoc/>
    public override async Task<bool> CanSignInAsync(LabUser user) => !user.Disabled && await base.CanSignInAsync(user);

    /// <inheritdoc/>
    public override async Task<SignInResult> PasswordSignInAsync(string userName, string password, bool isPersistent, bool lockoutOnFailure)
    {
        var user = await UserManager.FindByNameAsync(userName);
        if (user?.PasswordHash is null)
        {
            // As much work as for a name that exists: the time of the answer tells nothing.
            hasher.VerifyHashedPassword(Nobody, SomeHash, password);
            return SignInResult.Failed;
        }

        return await PasswordSignInAsync(user, password, isPersistent, lockoutOnFailure);
    }
}
