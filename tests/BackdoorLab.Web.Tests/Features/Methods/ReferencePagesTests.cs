using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Features.Datasets;
using BackdoorLab.Web.Features.Methods;
using BackdoorLab.Web.Shared.Layout;
using BackdoorLab.Web.Tests.Support;
using Bunit;

namespace BackdoorLab.Web.Tests.Features.Methods;

public sealed class ReferencePagesTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Methods_ListsEveryMethodWithEveryParameterAndItsDeviations()
    {
        var page = _lab.Open<MethodsPage>("/methods");
        foreach (var method in MethodCatalog.Default.Listed)
        {
            var card = page.Find($"article[id='{method.Id}']");
            Assert.Equal(method.Name, card.QuerySelector("h2")!.TextContent);
            Assert.Equal(method.Parameters.Count + method.Numbers.Count, card.QuerySelectorAll("tbody tr").Length);
            Assert.Contains(method.Attribute.Deviations, card.TextContent, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Datasets_EmptyRoot_SaysMissingWithRemedyAndShowsGeneratedOnes()
    {
        var page = _lab.Open<DatasetsPage>("/datasets");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".badge.live")));
        Assert.Contains("missing", page.Find("#cifar10 header").TextContent, StringComparison.Ordinal);
        Assert.Contains("cifar-10-binary", page.Find("#cifar10").TextContent, StringComparison.Ordinal);
        Assert.Contains("generated", page.Find("#synthetic-signs header").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Datasets_ShowSamples_ShowsOneImageOfEveryClass()
    {
        var page = _lab.Open<DatasetsPage>("/datasets");
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".badge.live")));

        await page.InvokeAsync(() => page.Find("#synthetic-signs .tools button").ClickAsync(new()));

        page.WaitForAssertion(() => Assert.Equal(10, page.FindAll("#synthetic-signs .gallery img").Count));
        Assert.StartsWith(
            "data:image/png;base64,",
            page.Find("#synthetic-signs .gallery img").GetAttribute("src"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void NotFound_OffersAWayBack()
    {
        var page = _lab.Open<NotFound>("/not-found");
        Assert.Contains(page.FindAll("a"), link => link.GetAttribute("href") == "/");
    }
}
