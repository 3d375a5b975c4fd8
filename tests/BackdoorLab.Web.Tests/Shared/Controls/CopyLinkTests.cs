using BackdoorLab.Web.Features.Compare;
using BackdoorLab.Web.Features.Leaderboard;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Shared.Controls;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Shared.Controls;

/// <summary>What lands in the clipboard is the address, not how it is made.</summary>
public sealed class CopyLinkTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public Task Leaderboard_CopyLink_CopiesTheAddress() =>
        Copies<LeaderboardPage>("/leaderboard?metric=clean-accuracy");

    [Fact]
    public Task Compare_CopyLink_CopiesTheAddress() => Copies<ComparePage>("/compare?ids=0123456789ab");

    [Fact]
    public Task Runs_CopyLink_CopiesTheAddress() => Copies<RunList>("/runs?q=asr%3E90%25");

    [Fact]
    public async Task Script_UsedAgain_IsLoadedOnce()
    {
        var clipboard = _lab.Services.GetRequiredService<Clipboard>();
        await clipboard.Copy("a", "Copied.");
        await _lab.Services.GetRequiredService<LabScript>().Download("b.txt", "text/plain", "b");
        await clipboard.Copy("c", "Copied.");

        Assert.Equal("./js/lab.js", Assert.Single(Assert.Single(_lab.JSInterop.Invocations["import"]).Arguments));
    }

    private async Task Copies<TPage>(string address)
        where TPage : IComponent
    {
        var page = _lab.Open<TPage>(address);
        page.WaitForAssertion(() =>
            Assert.Contains(page.FindAll("button"), button => button.TextContent == "Copy link")
        );

        await page.InvokeAsync(() =>
            page.FindAll("button").Single(button => button.TextContent == "Copy link").ClickAsync(new())
        );

        var copied = Assert.IsType<string>(Assert.Single(_lab.JSInterop.Invocations["copy"]).Arguments[0]);
        Assert.EndsWith(address, copied, StringComparison.Ordinal);
    }
}
