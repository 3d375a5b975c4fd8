using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>Where the keyboard is.</summary>
internal static class Focus
{
    private const string Seen = """
        () => {
          const at = document.activeElement;
          if (!at || at === document.body) { return false; }
          const style = getComputedStyle(at);
          return at.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
        }
        """;

    /// <summary>Fails unless something has the focus and shows it.</summary>
    public static async Task AssertSeen(Visit visit, string when) =>
        Assert.True(
            await visit.Page.EvaluateAsync<bool>(Seen),
            $"{when}: {await visit.Page.EvaluateAsync<string>("document.activeElement.outerHTML.slice(0, 200)")}"
        );
}
