using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Charts;
using BackdoorLab.Web.Shared.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;
using MudBlazor;

namespace BackdoorLab.Web.Shared.Layout;

/// <summary>The frame around every page: bar, navigation, theme, keyboard, error boundary.</summary>
public sealed partial class MainLayout
{
    private static readonly (string Choice, string Icon)[] ThemeChoices =
    [
        ("system", Icons.Material.Outlined.Contrast),
        ("light", Icons.Material.Outlined.LightMode),
        ("dark", Icons.Material.Outlined.DarkMode),
    ];

    private DotNetObjectReference<MainLayout>? _self;
    private ErrorBoundary? _boundary;
    private Appearance _appearance = new(false);
    private string _choice = "system";
    private bool _wide = true;
    private bool _drawerOpen = true;
    private bool _ready;

    // Those who come by a share link, or by none, see nothing of the lab around the page.
    private bool Bare =>
        !Actor.May(LabRole.Viewer)
        || new Uri(Navigation.Uri).AbsolutePath.StartsWith(LabUrls.Shared(""), StringComparison.Ordinal);

    private string ThemeIcon => ThemeChoices.First(theme => theme.Choice == _choice).Icon;

    /// <summary>Opens the list of shortcuts; also called by the keyboard script.</summary>
    [JSInvokable]
    public Task OpenHelp() =>
        Dialogs.ShowAsync<HelpDialog>(
            "Help",
            new DialogOptions
            {
                CloseOnEscapeKey = true,
                MaxWidth = MaxWidth.Small,
                FullWidth = true,
                CloseButton = true,
            }
        );

    /// <summary>Called when the operating system changes its colours while the choice is "system".</summary>
    [JSInvokable]
    public void OnAppearanceChanged(bool dark)
    {
        _appearance = new(dark);
        StateHasChanged();
    }

    /// <summary>
    /// Called when the window becomes wide enough for the navigation beside the page, or too narrow. The layout decides
    /// this and not the drawer, which asks for the width after it is drawn and closes what somebody opened before the
    /// answer came.
    /// </summary>
    [JSInvokable]
    public void OnWidthChanged(bool wide)
    {
        _wide = _drawerOpen = wide;
        StateHasChanged();
    }

    protected override async Task OnInitializedAsync()
    {
        Navigation.LocationChanged += OnLocationChanged;
        // Without prerendering the browser is there from the start, so the first frame already has the right colours.
        _choice =
            await Js.InvokeAsync<string?>("labTheme.choice") is { } stored
            && ThemeChoices.Any(theme => theme.Choice == stored)
                ? stored
                : "system";
        _appearance = new(await Js.InvokeAsync<bool>("labTheme.isDark"));

        _wide = _drawerOpen = await Js.InvokeAsync<bool>("labTheme.isWide");
        _ready = true;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            await Script.Start(_self);
            await Js.InvokeVoidAsync("labTheme.listen", _self, _appearance.Dark, _wide);
        }
    }

    private async Task ChooseTheme(string choice)
    {
        _choice = choice;
        _appearance = new(await Js.InvokeAsync<bool>("labTheme.set", choice));
    }

    private void ToggleDrawer() => _drawerOpen = !_drawerOpen;

    private void OnLocationChanged(object? sender, LocationChangedEventArgs change) => _boundary?.Recover();

    public async ValueTask DisposeAsync()
    {
        Navigation.LocationChanged -= OnLocationChanged;
        try
        {
            await Script.Stop();
        }
        catch (JSDisconnectedException)
        {
            // The browser has gone; there is nothing to release.
        }

        _self?.Dispose();
    }
}
