using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Components.Pages.Account;

/// <summary>Name and password.</summary>
public sealed partial class SignInPage
{
    // The same for every cause, so that nobody learns which names exist.
    private static readonly string Refused =
        $"Name and password do not fit, or the account is disabled or locked. After {SecurityServices.MostWrongPasswords} wrong passwords an account is locked for 15 minutes.";

    [SupplyParameterFromForm]
    private string? Name { get; set; }

    [SupplyParameterFromForm]
    private string? Password { get; set; }

    [SupplyParameterFromQuery]
    private string? ReturnUrl { get; set; }

    [Inject]
    private SignInManager<LabUser> Door { get; set; } = null!;

    [Inject]
    private AccountQueries Accounts { get; set; } = null!;

    [Inject]
    private AuditLog Audit { get; set; } = null!;

    private async Task Submit()
    {
        var name = Name?.Trim() ?? "";
        var answer = await Door.PasswordSignInAsync(name, Password ?? "", isPersistent: true, lockoutOnFailure: true);
        if (!answer.Succeeded)
        {
            Faults = [Refused];
            await Audit.AddAsync("nobody", "sign-in-failed", name, answer.IsLockedOut ? "locked" : answer.IsNotAllowed ? "disabled" : "");
            return;
        }

        if (await Accounts.FindAsync(name) is { } account)
        {
            await Accounts.SignedInAsync(account.Id);
            await Audit.AddAsync(account.Name, "sign-in", account.Name);
        }

        Navigation.NavigateTo(ReturnAddress.Safe(ReturnUrl));
    }
}
