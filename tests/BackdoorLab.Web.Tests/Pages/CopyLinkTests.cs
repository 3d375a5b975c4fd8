using BackdoorLab.Web.Components.Pages;
using Bunit;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Tests.Pages;

/// <summary>What lands in the clipboard is the address, not how it is made.</summary>
public sealed class CopyLinkTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public Task Leaderboard_CopyLink_CopiesTheAddress() => Copies<Leaderboard>("/leaderboard?metric=clean-accuracy");

    [Fact]
    public Task Compare_CopyLink_CopiesTheAddress() => Copies<ComparePage>("/compare?ids=0123456789ab");

    [Fact]
    public Task Runs_CopyLink_CopiesTheAddress() => Copies<RunList>("/runs?q=asr%3E90%25");

    private async Task Copies<TPage>(string address)
        where TPage : IComponent
    {
        var page = _lab.Open<TPage>(address);
        page.WaitForAssertion(() => Assert.Contains(page.FindAll("button"), button => button.TextContent == "Copy link"));

        await page.InvokeAsync(() => page.FindAll("button").Single(button => button.TextContent == "Copy link").ClickAsync(new()));

        var copied = Assert.IsType<string>(Assert.Single(_lab.JSInterop.Invocations["copy"]).Arguments[0]);
        Assert.EndsWith(address, copied, StringComparison.Ordinal);
    }
}
