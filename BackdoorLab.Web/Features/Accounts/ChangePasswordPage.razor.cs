using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Features.Accounts;

/// <summary>For those who know the present one.</summary>
public sealed partial class ChangePasswordPage
{
    [SupplyParameterFromForm]
    private string? Old { get; set; }

    [SupplyParameterFromForm]
    private string? Password { get; set; }

    [SupplyParameterFromForm]
    private string? Again { get; set; }

    [CascadingParameter]
    private HttpContext Context { get; set; } = null!;

    private async Task Submit()
    {
        Faults = Compare(Password, Again);
        if (Faults.Count > 0 || await SignIn.UserManager.GetUserAsync(Context.User) is not { } user)
        {
            return;
        }

        // An open session is no leave to try passwords without end.
        var (name, address) = (user.UserName ?? "", Context.Connection.RemoteIpAddress);
        using var seat = await Pace.Enter(name, address, Context.RequestAborted);
        if (
            seat is null
            || !(await SignIn.CheckPasswordSignInAsync(user, Old ?? "", lockoutOnFailure: false)).Succeeded
        )
        {
            Pace.Wrong(name, address);
            Faults = ["The present password does not fit."];
            return;
        }

        var changed = await SignIn.UserManager.ChangePasswordAsync(user, Old ?? "", Password ?? "");
        if (!changed.Succeeded)
        {
            Faults = AccountDesk.Faults(changed);
            return;
        }

        await Audit.Add("change-password", user.UserName ?? "");
        await SignIn.RefreshSignInAsync(user);
        Navigation.NavigateTo(LabUrls.Account);
    }
}
