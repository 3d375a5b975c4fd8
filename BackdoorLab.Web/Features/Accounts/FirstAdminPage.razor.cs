using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Features.Accounts;

/// <summary>Opened by the link of the console, once.</summary>
public sealed partial class FirstAdminPage
{
    [SupplyParameterFromQuery]
    private string? Token { get; set; }

    [SupplyParameterFromForm]
    private string? Name { get; set; }

    [SupplyParameterFromForm]
    private string? Password { get; set; }

    [SupplyParameterFromForm]
    private string? Again { get; set; }

    private bool Opens => Door.Opens(Token);

    private async Task Submit()
    {
        Faults = Compare(Password, Again);
        if (Faults.Count > 0)
        {
            return;
        }

        var name = Name?.Trim() ?? "";
        Faults = await Door.CreateAsync(Token, name, Password ?? "");
        if (Faults.Count == 0)
        {
            await SignIn.PasswordSignInAsync(name, Password ?? "", isPersistent: true, lockoutOnFailure: false);
            Navigation.NavigateTo(LabUrls.Accounts);
        }
    }
}
