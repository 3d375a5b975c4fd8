using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>What axe says of a page.</summary>
internal static class Axe
{
    /// <summary>Serious and critical findings, in words.</summary>
    public static async Task<IEnumerable<string>> Findings(Visit visit, string what)
    {
        var result = await visit.Page.RunAxe(new AxeRunOptions { ResultTypes = [ResultType.Violations] });
        return result
            .Violations.Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation =>
                $"{what}: {violation.Id} ({violation.Impact}): {violation.Help}\n    {string.Join("\n    ", violation.Nodes.Take(3).Select(node => node.Html))}"
            );
    }

    /// <summary>Fails with the findings of the page that is open.</summary>
    public static async Task AssertClean(Visit visit, string what) =>
        Assert.Equal("", string.Join("\n", await Findings(visit, what)));
}
