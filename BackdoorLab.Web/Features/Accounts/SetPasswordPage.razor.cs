using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Features.Accounts;

/// <summary>Opened by the link of an invitation or a reset.</summary>
public sealed partial class SetPasswordPage
{
    [SupplyParameterFromQuery]
    private string? Name { get; set; }

    [SupplyParameterFromQuery]
    private string? Code { get; set; }

    [SupplyParameterFromForm]
    private string? Password { get; set; }

    [SupplyParameterFromForm]
    private string? Again { get; set; }

    private async Task Submit()
    {
        Faults = Compare(Password, Again);
        if (Faults.Count > 0)
        {
            return;
        }

        Faults = await Accounts.TakeUp(Name, Code, Password ?? "");
        if (Faults.Count == 0)
        {
            await SignIn.PasswordSignInAsync(Name ?? "", Password ?? "", isPersistent: true, lockoutOnFailure: false);
            Navigation.NavigateTo(LabUrls.Overview);
        }
    }
}
