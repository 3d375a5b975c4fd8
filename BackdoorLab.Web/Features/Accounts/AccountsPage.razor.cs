using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Accounts;

/// <summary>Who may use the lab.</summary>
public sealed partial class AccountsPage
{
    private IReadOnlyList<AccountItem>? _accounts;
    private IReadOnlyList<ApiKeyItem> _keys = [];
    private IReadOnlyList<string> _faults = [];
    private LabRole _role = LabRole.Researcher;
    private string _name = "";
    private string? _link;
    private string _linkName = "";

    private DateTime Now => Time.GetUtcNow().UtcDateTime;

    protected override async Task OnInitializedAsync()
    {
        if (Options.Mode == LabMode.Lab)
        {
            await Load();
        }
    }

    private static string Word(LabRole role) => role.ToString().ToLowerInvariant();

    private static RenderFragment State(AccountItem account) =>
        builder =>
        {
            var (text, kind) = account switch
            {
                { Disabled: true } => ("disabled", "bad"),
                { HasPassword: false } => ("invited", "info"),
                _ => ("active", ""),
            };
            builder.OpenElement(0, "span");
            builder.AddAttribute(1, "class", $"badge {kind}");
            builder.AddContent(2, text);
            builder.CloseElement();
        };

    private async Task Load()
    {
        _accounts = await Accounts.List();
        _keys = await Keys.All();
    }

    private async Task Create()
    {
        var name = _name.Trim();
        (var invitation, _faults) = await Accounts.Create(name, _role);
        Show(name, invitation);
        if (invitation is not null)
        {
            _name = "";
        }

        await Load();
    }

    private async Task Reset(AccountItem account)
    {
        var link = await Accounts.Reset(account.Name);
        Show(account.Name, link);
        Tell(link is not null);
        await Load();
    }

    private async Task SetDisabled(AccountItem account)
    {
        Tell(await Accounts.SetDisabled(account.Name, !account.Disabled));
        await Load();
    }

    private async Task SetRole(AccountItem account, ChangeEventArgs args)
    {
        Tell(await Accounts.SetRole(account.Name, Enum.Parse<LabRole>(args.Value?.ToString() ?? "")));
        await Load();
    }

    private async Task Revoke(ApiKeyItem key)
    {
        await Keys.Revoke(key.Id);
        await Load();
    }

    private void Show(string name, string? path) =>
        (_link, _linkName) = (path is null ? null : Navigation.ToAbsoluteUri(path).AbsoluteUri, name);

    private void Tell(bool done)
    {
        if (!done)
        {
            Snackbar.Add(
                "This is the last administrator who can sign in; give somebody else that role first.",
                Severity.Warning
            );
        }
    }
}
