using Microsoft.Playwright;

namespace BackdoorLab.Browser.Tests;

/// <summary>A federation from the panel of the form to the pictures of its rounds.</summary>
[Collection("browser")]
[Trait("Category", "Slow")]
public sealed class FederationJourneyTests(LabFixture lab)
{
    private const int Clients = 4;
    private const int Rounds = 3;

    [SkippableFact]
    public async Task Federation_FromTheForm_ShowsItsRoundsOnTheTrainingTab()
    {
        Chromium.SkipIfAbsent();
        await using var visit = await Visit.Start(lab.Browser, lab.Server);
        await NewRunForm.OpenSmall(visit);
        await FillIn(visit);
        var id = await NewRunForm.Run(visit);
        await RunPage.WaitUntilFinished(visit);

        await visit.Open($"/runs/{id}?tab=training");
        await Assertions.Expect(visit.Page.GetByText("On test images after every round.")).ToBeVisibleAsync();
        await Assertions
            .Expect(visit.Page.Locator("main h2").Filter(new() { HasText = "Federation, " }))
            .ToHaveCountAsync(1);
        await CurvesAreDrawn(visit);
        await VotesShowTheQuorum(visit);
        await ClientsAreCompared(visit);
        await ClientsAndCostAreListed(visit);
        visit.Watch.AssertQuiet();
    }

    private static async Task FillIn(Visit visit)
    {
        await NewRunForm.Type(visit, "name", "Small federation");
        await NewRunForm.SwitchOff(visit, "strip");
        await NewRunForm.SwitchOff(visit, "activation-clustering");
        await NewRunForm.SwitchOff(visit, "spectral-signatures");
        await NewRunForm.SwitchOff(visit, "int8-dynamic");
        await NewRunForm.Control(visit, "benignTwin").UncheckAsync();
        await Assertions.Expect(NewRunForm.Control(visit, "federation.simulation.clients")).ToHaveCountAsync(0);
        await visit.Page.GetByLabel("Train by clients instead of in one place").CheckAsync();
        await NewRunForm.Type(visit, "federation.simulation.clients", "4");
        await NewRunForm.Type(visit, "federation.simulation.rounds", "3");
        await NewRunForm.Type(visit, "federation.simulation.localEpochs", "1");
        await NewRunForm.Type(visit, "federation.simulation.batchSize", "25");
        await visit.Page.Locator("#section-federation input[value='lockdown']").CheckAsync(new() { Force = true });

        // The default quorum is above so few clients; the form says so beside it and waits.
        var fault = NewRunForm.Field(visit, "federation.protocol.quorum").GetByRole(AriaRole.Alert);
        await Assertions.Expect(fault).ToContainTextAsync("must not be above the 4 clients; found 5");
        await Assertions.Expect(NewRunForm.RunButton(visit)).ToBeDisabledAsync();
        await NewRunForm.Type(visit, "federation.protocol.quorum", "2");
        await Assertions.Expect(fault).ToHaveCountAsync(0);

        // A client that attacks may poison more than half of its images.
        await NewRunForm.Type(visit, "attack.poisonRate", "0.8");
        await Assertions
            .Expect(visit.Page.GetByRole(AriaRole.Complementary, new() { Name = "Summary" }))
            .ToContainTextAsync("3 rounds of 4 clients");
    }

    private static async Task CurvesAreDrawn(Visit visit)
    {
        await RunPage.Charts(visit, 6);
        foreach (var (title, lines) in new[] { ("Rounds", 6), ("Overlap of masks", 2) })
        {
            var chart = Chart(visit, title);
            await Assertions.Expect(chart.Locator(".plot .scatterlayer .trace")).ToHaveCountAsync(lines);
            await chart.Locator("summary").ClickAsync();
            await Assertions.Expect(chart.Locator("table.data tbody tr")).ToHaveCountAsync(lines * Rounds);
        }
    }

    // One bar for each number of clients from none to all, and the line below which parameters are zeroed.
    private static async Task VotesShowTheQuorum(Visit visit)
    {
        var votes = Chart(visit, "Votes for parameters");
        await Assertions
            .Expect(votes)
            .ToContainTextAsync("Parameters left of the line have fewer than 2 votes and are zeroed.");
        await Assertions.Expect(votes.Locator(".plot .barlayer .point")).ToHaveCountAsync(Clients + 1);
        await Assertions.Expect(votes.Locator(".plot .shapelayer path")).ToHaveCountAsync(1);
    }

    private static async Task ClientsAreCompared(Visit visit)
    {
        foreach (var title in (string[])["Overlap of the clients' masks", "Similarity of updates in the last round"])
        {
            var table = visit
                .Page.Locator("main .chart")
                .Filter(new() { Has = visit.Page.GetByRole(AriaRole.Heading, new() { Name = title }) })
                .Locator("table.heatmap");
            await Assertions.Expect(table.Locator("tbody tr")).ToHaveCountAsync(Clients);
            await Assertions.Expect(table.Locator("tbody th").First).ToHaveTextAsync("0 (attacker)");
            for (var client = 0; client < Clients; client++)
            {
                await Assertions
                    .Expect(table.Locator("tbody tr").Nth(client).Locator("td").Nth(client))
                    .ToHaveTextAsync("1");
            }
        }
    }

    private static async Task ClientsAndCostAreListed(Visit visit)
    {
        var clients = Table(visit, "Clients in the last round");
        await Assertions.Expect(clients.Locator("tbody tr")).ToHaveCountAsync(Clients);
        await Assertions.Expect(clients.Locator("tbody tr").First).ToContainTextAsync("150");
        var cost = Table(visit, "Cost of a round");
        await Assertions.Expect(cost).ToContainTextAsync("Uploaded");
        await Assertions.Expect(cost).ToContainTextAsync("of it screening gradients");
        await Assertions.Expect(cost).ToContainTextAsync("Seconds of work on masks, clients and server");
        await Assertions
            .Expect(cost.Locator("tbody td").First)
            .ToHaveTextAsync(new System.Text.RegularExpressions.Regex(@"^\d+\.\d\d MB$"));
    }

    private static ILocator Chart(Visit visit, string title) =>
        visit.Page.GetByRole(AriaRole.Group, new() { Name = title, Exact = true });

    private static ILocator Table(Visit visit, string title) =>
        visit
            .Page.Locator("main .chart")
            .Filter(new() { Has = visit.Page.GetByRole(AriaRole.Heading, new() { Name = title }) })
            .Locator("table.data");
}
