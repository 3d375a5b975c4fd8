using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>The page of one run.</summary>
internal static partial class RunPage
{
    /// <summary>How long the small run may take on a busy machine, in milliseconds.</summary>
    public const float RunPatience = 600_000;

    public static ILocator State(Visit visit) => visit.Page.Locator(".page-head .badge").First;

    /// <summary>Waits until the run says that it has ended, and fails unless it has finished.</summary>
    public static async Task WaitUntilFinished(Visit visit)
    {
        await visit.Tell(() =>
            Assertions.Expect(State(visit)).ToHaveTextAsync(Ended(), new() { Timeout = RunPatience })
        );
        await visit.Tell(() => Assertions.Expect(State(visit)).ToHaveTextAsync("Finished"));
    }

    /// <summary>Opens one of its tabs.</summary>
    public static async Task Tab(Visit visit, string name)
    {
        var tab = visit
            .Page.GetByRole(AriaRole.Navigation, new() { Name = "Parts of this run" })
            .GetByRole(AriaRole.Link, new() { Name = name });
        await tab.ClickAsync();
        await Assertions.Expect(tab).ToHaveAttributeAsync("aria-current", "page");
    }

    /// <summary>Waits until <paramref name="count"/> or more charts are drawn, each with something in it.</summary>
    public static async Task Charts(Visit visit, int count)
    {
        var drawn = visit.Page.Locator("main .plot .main-svg .trace path");
        await visit.Tell(() => Assertions.Expect(drawn.First).ToBeAttachedAsync());

        // They are drawn one after another.
        await visit.Tell(() =>
            Assertions.Expect(visit.Page.Locator("main .plot:has(.main-svg)").Nth(count - 1)).ToBeAttachedAsync()
        );
    }

    [GeneratedRegex("^(Finished|Failed|Cancelled|Interrupted)$")]
    private static partial Regex Ended();
}
