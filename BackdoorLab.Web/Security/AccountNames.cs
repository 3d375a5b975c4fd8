using BackdoorLab.Data;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Security;

/// <summary>Names that mean somebody else already.</summary>
internal sealed class AccountNames : IUserValidator<LabUser>
{
    private static readonly string[] Reserved = [Actor.LocalName, "admin-link", "nobody"];

    /// <inheritdoc/>
    public Task<IdentityResult> ValidateAsync(UserManager<LabUser> manager, LabUser user) =>
        Task.FromResult(
            user.UserName is not { Length: >= 2 and <= 40 } name ? Fault("A user name has from 2 to 40 characters.")
            : Reserved.Contains(name, StringComparer.OrdinalIgnoreCase)
                ? Fault($"'{name}' is not available as a user name.")
            : IdentityResult.Success
        );

    private static IdentityResult Fault(string text) =>
        IdentityResult.Failed(new IdentityError { Code = "UserName", Description = text });
}
