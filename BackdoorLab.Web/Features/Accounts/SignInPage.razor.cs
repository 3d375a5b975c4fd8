using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;

namespace BackdoorLab.Web.Features.Accounts;

/// <summary>Name and password.</summary>
public sealed partial class SignInPage
{
    // The same for every cause, so that nobody learns which names exist.
    private static readonly string Refused =
        $"Name and password do not fit, or the account is disabled. After {SignInPace.Free} wrong passwords the answer takes longer each time, up to {SignInPace.Longest.TotalSeconds:0} s.";

    private static readonly string Crowd =
        $"Too many sign-ins from your address are waiting for their answer. Try again in {SignInPace.Longest.TotalSeconds:0} s.";

    [SupplyParameterFromForm]
    private string? Name { get; set; }

    [SupplyParameterFromForm]
    private string? Password { get; set; }

    [SupplyParameterFromQuery]
    private string? ReturnUrl { get; set; }

    [CascadingParameter]
    private HttpContext Context { get; set; } = null!;

    private async Task Submit()
    {
        var (name, address) = (PersonText.UserName.Fit(Name), Context.Connection.RemoteIpAddress);
        using var seat = await Pace.Enter(name, address, Context.RequestAborted);
        if (seat is null)
        {
            Context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            Context.Response.Headers.RetryAfter = SignInPace.Longest.TotalSeconds.ToString(
                "0",
                CultureInfo.InvariantCulture
            );
            Faults = [Crowd];
            return;
        }

        var answer = await Door.PasswordSignInAsync(name, Password ?? "", isPersistent: true, lockoutOnFailure: false);
        if (!answer.Succeeded)
        {
            Pace.Wrong(name, address);
            Faults = [Refused];
            await Audit.AddAsync("nobody", "sign-in-failed", name, answer.IsNotAllowed ? "disabled" : "");
            return;
        }

        Pace.Right(name, address);
        if (await Accounts.FindAsync(name) is { } account)
        {
            await Accounts.SignedInAsync(account.Id);
            await Audit.AddAsync(account.Name, "sign-in", account.Name);
        }

        Navigation.NavigateTo(ReturnAddress.Safe(ReturnUrl));
    }
}
