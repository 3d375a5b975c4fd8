using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.Accounts;

/// <summary>A page that is plain HTML, about accounts: a lab that has none sends the visitor on.</summary>
public abstract class PlainPage : ComponentBase
{
    /// <summary>Beside every field for a new password.</summary>
    protected static readonly string PasswordHelp =
        $"At least {SecurityServices.LeastPasswordLength} characters. A few random words are good.";

    [Inject]
    public required NavigationManager Navigation { get; set; }

    [Inject]
    public required LabOptions Options { get; set; }

    /// <summary>What is wrong with what was sent.</summary>
    protected IReadOnlyList<string> Faults { get; set; } = [];

    protected override void OnInitialized()
    {
        if (Options.Mode == LabMode.Local)
        {
            Navigation.NavigateTo(LabUrls.Overview);
        }
    }

    /// <summary>Two fields of a new password must agree.</summary>
    protected static IReadOnlyList<string> Compare(string? password, string? again) =>
        password == again ? [] : ["The two passwords are not the same."];
}
