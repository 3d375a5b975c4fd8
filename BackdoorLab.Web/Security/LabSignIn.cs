using BackdoorLab.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Identity's sign-in, which knows disabled accounts and does the same work for every name: one password is verified,
/// whether the account exists, has none, or may not come in. Nothing is written for a wrong one;
/// <see cref="SignInPace"/> slows down in place of a lockout.
/// </summary>
internal sealed class LabSignIn(
    UserManager<LabUser> users,
    IHttpContextAccessor context,
    IUserClaimsPrincipalFactory<LabUser> claims,
    IOptions<IdentityOptions> options,
    ILogger<SignInManager<LabUser>> logger,
    IAuthenticationSchemeProvider schemes,
    IUserConfirmation<LabUser> confirmation,
    IPasswordHasher<LabUser> hasher
) : SignInManager<LabUser>(users, context, claims, options, logger, schemes, confirmation)
{
    private static readonly LabUser Nobody = new() { UserName = "" };
    private static readonly string SomeHash = new PasswordHasher<LabUser>().HashPassword(Nobody, Secret.New());

    /// <inheritdoc/>
    public override async Task<bool> CanSignInAsync(LabUser user) => !user.Disabled && await base.CanSignInAsync(user);

    /// <inheritdoc/>
    public override async Task<SignInResult> PasswordSignInAsync(
        string userName,
        string password,
        bool isPersistent,
        bool lockoutOnFailure
    )
    {
        var user = await UserManager.FindByNameAsync(userName);
        var answer = await Check(user, password);
        return answer.Succeeded ? await SignInOrTwoFactorAsync(user!, isPersistent) : answer;
    }

    /// <inheritdoc/>
    public override Task<SignInResult> CheckPasswordSignInAsync(LabUser user, string password, bool lockoutOnFailure) =>
        Check(user, password);

    private async Task<SignInResult> Check(LabUser? user, string password)
    {
        var verdict = hasher.VerifyHashedPassword(user ?? Nobody, user?.PasswordHash ?? SomeHash, password);
        if (user?.PasswordHash is null || verdict == PasswordVerificationResult.Failed)
        {
            return SignInResult.Failed;
        }

        if (!await CanSignInAsync(user))
        {
            return SignInResult.NotAllowed;
        }

        if (verdict == PasswordVerificationResult.SuccessRehashNeeded)
        {
            user.PasswordHash = hasher.HashPassword(user, password);
            await UserManager.UpdateAsync(user);
        }

        return SignInResult.Success;
    }
}
