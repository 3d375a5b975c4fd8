using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Features.RunForm;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Shared.Controls;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.RunForm;

public sealed class NewRunPageTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Form_OfNoPreset_BeginsWithTheFastRecipe()
    {
        var page = _lab.Open<NewRunPage>("/runs/new");

        page.WaitForAssertion(() => Assert.Equal("1024", page.Find("#f-training-batchSize").GetAttribute("value")));
        Assert.Equal("Fast", page.Find(".choice-card[aria-pressed='true'] strong").TextContent);
    }

    [Fact]
    public void NewRun_Preset_FillsTheFormAndEstimates()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");

        page.WaitForAssertion(() => Assert.Equal("5", page.Find("#f-training-epochs").GetAttribute("value")));
        Assert.Contains("Demo: BadNets", page.Find("#f-name").GetAttribute("value"), StringComparison.Ordinal);
        Assert.Contains("3 precisions × 5 defenses = 36 cells", page.Markup, StringComparison.Ordinal);
        Assert.Matches("about|a few", page.Find("dl.facts strong").TextContent);
        Assert.Contains(
            "A search of 40 updates of 32 images for each class is 0.13 % of the reference",
            page.Find("[role=note]").TextContent,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task NewRun_ValueOutOfRange_SaysSoBesideTheFieldAndCannotRun()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#f-attack-poisonRate")));

        await page.InvokeAsync(() => page.Find("#f-attack-poisonRate").ChangeAsync(new() { Value = "0.9" }));

        var field = page.Find("[data-parameter=poisonRate]");
        Assert.StartsWith(
            "Poison rate must be from 0 to 0.5 where the training set is in one place",
            field.QuerySelector(".fault")!.TextContent,
            StringComparison.Ordinal
        );
        Assert.Equal("true", field.QuerySelector("input[type=number]")!.GetAttribute("aria-invalid"));
        Assert.True(RunNow(page).HasAttribute("disabled"));
        Assert.Contains("1 thing to fix", page.Markup, StringComparison.Ordinal);

        await page.InvokeAsync(() => page.Find("#f-attack-poisonRate").ChangeAsync(new() { Value = "0.05" }));

        Assert.Null(page.Find("[data-parameter=poisonRate]").QuerySelector(".fault"));
        Assert.False(RunNow(page).HasAttribute("disabled"));
    }

    [Fact]
    public async Task NewRun_BriefSetting_FillsItsParametersAndGoesBack()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("[data-method='anp'] input")));

        await page.InvokeAsync(() => page.Find("[data-method='anp'] input").ChangeAsync(new() { Value = true }));
        await page.InvokeAsync(() => page.Find("[data-method='anp'] button[aria-expanded]").ClickAsync(new()));
        Assert.Equal("The paper's", page.Find("[data-method='anp'] [aria-pressed='true']").TextContent);
        Assert.Equal("2000", Iterations());

        await page.InvokeAsync(() => page.Find("[data-method='anp'] [aria-pressed='false']").ClickAsync(new()));
        Assert.Equal("Brief", page.Find("[data-method='anp'] [aria-pressed='true']").TextContent);
        Assert.Equal("400", Iterations());

        await page.InvokeAsync(() => page.Find("[data-method='anp'] [aria-pressed='false']").ClickAsync(new()));
        Assert.Equal("2000", Iterations());
        Assert.Empty(page.FindAll("[data-method='clp'] .segmented"));

        string? Iterations() =>
            page.Find("[data-method='anp'] [data-parameter=iterations] input").GetAttribute("value");
    }

    [Fact]
    public async Task NewRun_TextInANumber_IsReportedNotSwallowed()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#f-seed")));

        await page.InvokeAsync(() => page.Find("#f-seed").ChangeAsync(new() { Value = "many" }));

        Assert.Contains(
            "must be a whole number; found \"many\"",
            page.Find("[data-parameter=seed] .fault").TextContent,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task NewRun_AcrossFields_TargetBeyondTheClassesIsRefused()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#f-attack-targetLabel")));

        await page.InvokeAsync(() => page.Find("#f-attack-targetLabel").ChangeAsync(new() { Value = "10" }));

        Assert.Contains(
            "must be below 10",
            page.Find("[data-parameter=targetLabel] .fault").TextContent,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task NewRun_Federation_IsOffAndOffersClientsProtocolsAndRulesOnceOn()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#section-federation")));
        Assert.Empty(page.FindAll("#f-federation-simulation-clients"));

        await page.InvokeAsync(() =>
            page.Find("#section-federation input[type=checkbox]").ChangeAsync(new() { Value = true })
        );

        Assert.Equal("10", page.Find("#f-federation-simulation-clients").GetAttribute("value"));
        Assert.Contains("40 rounds of 10 clients", page.Find("dl.facts").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("A majority of signs", page.Markup, StringComparison.Ordinal);
        await page.InvokeAsync(() =>
            page.Find("#section-federation input[value=sign]").ChangeAsync(new() { Value = "sign" })
        );
        Assert.Contains(
            "A majority of signs moves every parameter by the server's rate",
            page.Find("[role=note][aria-label='Before you run']").TextContent,
            StringComparison.Ordinal
        );
        await page.InvokeAsync(() =>
            page.Find("#section-federation input[value=lockdown]").ChangeAsync(new() { Value = "lockdown" })
        );
        await page.InvokeAsync(() => page.Find("#f-federation-protocol-quorum").ChangeAsync(new() { Value = "11" }));
        Assert.Contains("must not be above the 10 clients; found 11", page.Markup, StringComparison.Ordinal);
        Assert.True(RunNow(page).HasAttribute("disabled"));

        await page.InvokeAsync(() =>
            page.Find("#section-federation input[type=checkbox]").ChangeAsync(new() { Value = false })
        );

        Assert.Empty(page.FindAll("#f-federation-simulation-clients"));
        Assert.False(RunNow(page).HasAttribute("disabled"));
    }

    [Fact]
    public async Task NewRun_RunNow_QueuesExactlyWhatTheFormShows()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#f-training-epochs")));
        await page.InvokeAsync(() => page.Find("#f-training-epochs").ChangeAsync(new() { Value = "3" }));
        await page.InvokeAsync(() => page.Find("[data-method=strip] input").ChangeAsync(new() { Value = false }));

        await page.InvokeAsync(() => RunNow(page).ClickAsync(new()));

        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
        var queued = Assert.Single(await _lab.Queue.QueueAsync());
        var spec = SpecJson.Parse((await _lab.Details.FindAsync(queued.Id))!.SpecJson);
        Assert.Equal(3, spec.Training.Epochs);
        Assert.Equal(
            ["neural-cleanse", "activation-clustering", "spectral-signatures", "fine-pruning"],
            spec.Defenses.Select(defense => MethodCatalog.Default.For(defense).Id)
        );
        Assert.NotNull(queued.EstimatedSeconds);
    }

    [Fact]
    public async Task NewRun_TargetBeyondTheClassesOfAFolder_IsSaidBesideTheFieldAndNotQueued()
    {
        CheckRuns.Pictures(
            Path.Combine(_lab.Services.GetRequiredService<LabOptions>().Data, "shop"),
            classes: 3,
            perClass: 20
        );
        var spec = Presets.Demo.Spec with
        {
            Dataset = new ImageFolder
            {
                Path = "shop",
                Resize = 32,
                Crop = 32,
            },
            CleanHoldout = 10,
            Attack = new BadNets { TargetLabel = 3 },
        };
        var id = await _lab.Samples.Queued(spec);
        await _lab.Services.GetRequiredService<RunStore>().RequestCancelAsync(id);
        var page = _lab.Open<NewRunPage>($"/runs/new?from={id}");
        page.WaitForAssertion(() => Assert.False(RunNow(page).HasAttribute("disabled")));

        await page.InvokeAsync(() => RunNow(page).ClickAsync(new()));

        page.WaitForAssertion(() =>
            Assert.Contains(
                "must be below 3, the number of classes found",
                page.Find("[data-parameter=targetLabel] .fault").TextContent,
                StringComparison.Ordinal
            )
        );
        Assert.Empty(await _lab.Queue.QueueAsync());
        await page.InvokeAsync(() => page.Find("#f-attack-targetLabel").ChangeAsync(new() { Value = "2" }));
        await page.InvokeAsync(() => RunNow(page).ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
    }

    [Fact]
    public async Task NewRun_From_RepeatsTheSpecOfThatRun()
    {
        var id = await _lab.Samples.Queued(Presets.Demo.Spec with { Seed = 77, Name = "mine" });

        var page = _lab.Open<NewRunPage>($"/runs/new?from={id}");

        page.WaitForAssertion(() => Assert.Equal("77", page.Find("#f-seed").GetAttribute("value")));
        Assert.Equal("mine", page.Find("#f-name").GetAttribute("value"));
        Assert.Contains("Clone and edit", page.Find("h1").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewRun_WithAFileToStartFrom_SaysWhetherItFitsAndRunsFromIt()
    {
        var shelf = _lab.Services.GetRequiredService<ModelShelf>();
        var model = await shelf.Add("seven.safetensors", new MemoryStream(CheckRuns.Weights(classes: 7)));
        var page = _lab.Open<NewRunPage>("/runs/new?preset=demo");
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#section-start input[type=checkbox]")));
        Assert.Empty(page.FindComponents<ModelUpload>());

        await page.InvokeAsync(() =>
            page.Find("#section-start input[type=checkbox]").ChangeAsync(new() { Value = true })
        );
        await page.InvokeAsync(() =>
            page.FindComponent<ModelUpload>()
                .Instance.Arrived(JsonSerializer.Serialize(model, JsonSerializerOptions.Web))
        );

        page.WaitForAssertion(() =>
            Assert.Equal(
                "It fits ResNet-8 but for its last layer, which tells 7 classes apart: that starts afresh.",
                page.Find("#section-start p[role=status]").TextContent
            )
        );
        await page.InvokeAsync(() =>
            page.FindAll("#section-model input[type=radio]")[0].ChangeAsync(new() { Value = "mlp" })
        );
        page.WaitForAssertion(() => Assert.NotNull(page.Find("#section-start p.fault")));
        await page.InvokeAsync(() =>
            page.FindAll("#section-model input[type=radio]")[0].ChangeAsync(new() { Value = "res-net8" })
        );
        await page.InvokeAsync(() => RunNow(page).ClickAsync(new()));

        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
        var queued = Assert.Single(await _lab.Queue.QueueAsync());
        var spec = SpecJson.Parse((await _lab.Details.FindAsync(queued.Id))!.SpecJson);
        Assert.Equal(model.Start, spec.Start);
    }

    [Fact]
    public async Task NewRun_CopyOfARunFromAFileThatIsGone_SaysSoAndLetsItBeTakenOut()
    {
        var id = await _lab.Samples.Queued(
            Presets.Demo.Spec with
            {
                Start = new() { File = "gone.pth", Sha256 = new('0', 64) },
            }
        );
        var page = _lab.Open<NewRunPage>($"/runs/new?from={id}");

        page.WaitForAssertion(() =>
            Assert.Contains(
                "not in this lab",
                page.Find("#section-start [role=alert]").TextContent,
                StringComparison.Ordinal
            )
        );
        Assert.Contains("gone.pth", page.Find("#section-start dl").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() =>
            page.FindAll("#section-start button")
                .Single(button => button.TextContent == "Train from fresh weights")
                .ClickAsync(new())
        );

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("#section-start dl")));
    }

    [Fact]
    public async Task NewRun_MissingDataSet_SaysWhereToGetIt()
    {
        var page = _lab.Open<NewRunPage>("/runs/new?preset=quick");

        // The data root of this test is an empty folder.
        page.WaitForAssertion(() => Assert.Contains("CIFAR-10 is missing", page.Markup, StringComparison.Ordinal));

        // On the renderer's thread: the checks of other sets still arrive and would give the element another handler in
        // between.
        await page.InvokeAsync(() =>
            page.FindAll("#section-attack input[type=radio]")[1].ChangeAsync(new() { Value = "blended" })
        );
        Assert.NotNull(page.Find("#f-attack-opacity"));
    }

    private static AngleSharp.Dom.IElement RunNow(IRenderedComponent<NewRunPage> page) =>
        page.FindAll("button").Single(button => button.TextContent.Trim() == "Run now");
}
