using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Tests.Programs;
using BackdoorLab.Web.Features.Check;
using BackdoorLab.Web.Features.RunForm;
using BackdoorLab.Web.Features.Runs;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Shared.Controls;
using BackdoorLab.Web.Tests.Support;
using Bunit;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Features.Check;

/// <summary>The page for a model file.</summary>
[Trait("Category", "Slow")]
public sealed class CheckPageTests : IAsyncLifetime
{
    private readonly LabContext _lab = new();

    private ModelShelf Shelf => _lab.Services.GetRequiredService<ModelShelf>();

    private string Data => _lab.Services.GetRequiredService<LabOptions>().Data;

    private string Artifacts => _lab.Services.GetRequiredService<LabOptions>().ArtifactFolder;

    public Task InitializeAsync() => _lab.InitializeAsync();

    public Task DisposeAsync() => ((IAsyncLifetime)_lab).DisposeAsync();

    [Fact]
    public void Check_WithoutAFile_SaysWhatIsAcceptedAndThatItStaysHere()
    {
        var page = _lab.Open<CheckPage>("/check");

        Assert.Contains(
            "safetensors, a PyTorch state dict or TorchScript, at most 1.0 GB",
            page.Markup,
            StringComparison.Ordinal
        );
        Assert.Contains("stays on this machine", page.Find("#model-file-help").TextContent, StringComparison.Ordinal);
        Assert.Null(page.Find("#model-file").GetAttribute("accept"));
        Assert.True(CheckButton(page).HasAttribute("disabled"));
    }

    [Fact]
    public async Task Check_AFileThatFits_NamesNetworkAndDataSetAndQueuesTheRun()
    {
        var model = await Shelf.Add("my model.safetensors", new MemoryStream(CheckRuns.Weights()));
        var page = _lab.Open<CheckPage>("/check");

        await Arrives(page, model);

        Assert.Contains("ResNet-8", page.Find("dl.facts").TextContent, StringComparison.Ordinal);
        Assert.StartsWith(
            "Synthetic signs (10 classes, colour, 32 × 32)",
            page.Find("#check-dataset option").TextContent.Trim(),
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["neural-cleanse", "neural-cleanse-gradient-free", "mm-bd"],
            page.FindAll("[data-method]").Select(item => item.GetAttribute("data-method"))
        );
        Assert.Matches("about|a few", page.Find("aside dl.facts strong").TextContent);

        await page.InvokeAsync(() => page.Find("#check-pixels").ChangeAsync(new() { Value = "Unit" }));
        await page.InvokeAsync(() => CheckButton(page).ClickAsync(new()));

        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
        var queued = Assert.Single(await _lab.Queue.QueueAsync());
        var spec = SpecJson.Parse((await _lab.Details.FindAsync(queued.Id))!.SpecJson);
        Assert.Equal(
            (model.Suspect with { Pixels = PixelScale.Unit }, typeof(UnknownAttack), false),
            (spec.Suspect, spec.Attack.GetType(), spec.BenignTwin)
        );
        Assert.Equal(["neural-cleanse"], spec.Defenses.Select(defense => MethodCatalog.Default.For(defense).Id));
        Assert.Equal((null, "Check of my model.safetensors"), (queued.TargetLabel, queued.Name));
        Assert.NotNull(queued.EstimatedSeconds);
    }

    [Fact]
    public async Task Check_AFileForOtherClasses_SaysSoAndCannotStart()
    {
        var model = await Shelf.Add("seven.safetensors", new MemoryStream(CheckRuns.Weights(classes: 7)));
        var page = _lab.Open<CheckPage>("/check");

        await Arrives(page, model);

        Assert.Contains(
            "The file has 7 outputs, Synthetic signs has 10 classes: choose the data set it was trained for.",
            page.Find("[role=alert]").TextContent,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["None that is here", "My own pictures (a folder for each class)"],
            page.FindAll("#check-dataset option").Select(option => option.TextContent)
        );
        Assert.True(CheckButton(page).HasAttribute("disabled"));
    }

    [SkippableFact]
    public async Task Check_AProgramOfNoKnownNetwork_AsksItAndQueuesTheRun()
    {
        Skip.IfNot(ProcessLimits.HasReadOnly, "Programs are run on 64-bit Linux alone.");
        var ten = await Shelf.Add(
            "ten.pt",
            new MemoryStream(
                TinyProgram.Of("torch.slice(torch.flatten(torch.adaptive_avg_pool2d(x, [2, 2]), 1), 1, 0, 10, 1)")
            )
        );
        var several = await Shelf.Add(
            "several.pt",
            new MemoryStream(TinyProgram.Of("(x, x)", "Tuple[Tensor, Tensor]"))
        );
        var page = _lab.Open<CheckPage>("/check");

        await Arrives(page, several);
        Assert.Contains(
            "gives several values, not one tensor of logits",
            page.Find("[role=alert]").TextContent,
            StringComparison.Ordinal
        );

        await Arrives(page, ten);
        Assert.Contains("Program of the file", page.Find("dl.facts").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("#check-program"));
        Assert.Contains(
            "what a program costs is known when it runs",
            page.Find("aside").TextContent,
            StringComparison.Ordinal
        );
        await page.InvokeAsync(() => CheckButton(page).ClickAsync(new()));

        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
        var queued = Assert.Single(await _lab.Queue.QueueAsync());
        Assert.IsType<FileProgram>(SpecJson.Parse((await _lab.Details.FindAsync(queued.Id))!.SpecJson).Model);
    }

    [Fact]
    public async Task Check_WithOwnPictures_CountsThemAndQueuesTheRunOnThem()
    {
        var page = await WithPictures(classes: 7, perClass: 10);

        Assert.Equal("32", page.Find("#own-side").GetAttribute("value"));
        page.WaitForAssertion(() =>
            Assert.Contains(
                "Found 7 classes and 63 pictures to test with; 31 of them go to the detectors.",
                page.Markup,
                StringComparison.Ordinal
            )
        );
        Assert.Contains("classes in alphabetical order: class-00, class-01, ", page.Markup, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[role=alert]"));
        await page.InvokeAsync(() => CheckButton(page).ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Matches("/runs/[0-9a-z]{12}$", _lab.Address));
        var queued = Assert.Single(await _lab.Queue.QueueAsync());
        var spec = SpecJson.Parse((await _lab.Details.FindAsync(queued.Id))!.SpecJson);
        Assert.Equal(
            ("shop", 32, 32, 31),
            (
                ((ImageFolder)spec.Dataset).Path,
                ((ImageFolder)spec.Dataset).Resize,
                ((ImageFolder)spec.Dataset).Crop,
                spec.CleanHoldout
            )
        );
    }

    [Fact]
    public async Task Check_AgainOfARunOnOwnPictures_LooksAtTheSamePictures()
    {
        CheckRuns.Pictures(Path.Combine(Data, "shop"), classes: 7, perClass: 10);
        var model = await Shelf.Add("seven.safetensors", new MemoryStream(CheckRuns.Weights(classes: 7)));
        var spec = CheckRuns.Spec with
        {
            Suspect = model.Suspect,
            Dataset = new ImageFolder
            {
                Path = "shop",
                Resize = 40,
                Crop = 32,
            },
        };
        var before = await _lab.Samples.Queued(spec);

        var page = _lab.Open<CheckPage>($"/check?from={before}");

        page.WaitForAssertion(() =>
            Assert.Contains("7 classes and 63 pictures", page.Markup, StringComparison.Ordinal)
        );
        Assert.Equal("40", page.Find("#own-short").GetAttribute("value"));
        Assert.False(CheckButton(page).HasAttribute("disabled"));
    }

    [Fact]
    public async Task Facts_OfACheckOnOwnPictures_NameTheFolder()
    {
        var id = await _lab.Samples.Queued(
            CheckRuns.Spec with
            {
                Dataset = new ImageFolder
                {
                    Path = "shop",
                    Resize = 32,
                    Crop = 32,
                },
            }
        );

        var facts = CheckFacts.Of((await _lab.Details.FindAsync(id))!);

        Assert.Contains(("Data set", "Image folder (ImageNet layout): shop", false), facts);
    }

    [Theory]
    [InlineData("nowhere", 0, "not found. Put a folder for each class")]
    [InlineData("../secrets", 0, "is not a folder below the data root")]
    [InlineData("/etc", 0, "is not a folder below the data root")]
    [InlineData("shop", 5, "The file has 7 outputs, Image folder (ImageNet layout) has 5 classes")]
    public async Task Check_WithPicturesThatDoNotFit_SaysWhyAndCannotStart(string folder, int classes, string fault)
    {
        var page = await WithPictures(classes, perClass: 10, folder);

        page.WaitForAssertion(() =>
            Assert.Contains(fault, page.Find("[role=alert]").TextContent, StringComparison.Ordinal)
        );
        Assert.True(CheckButton(page).HasAttribute("disabled"));
    }

    [Theory]
    [InlineData("#own-side", "5000", "Picture size must be from 8 to 1024; found 5000.")]
    [InlineData("#own-short", "wide", "Short side must be a whole number")]
    [InlineData("#own-short", "16", "The crop (32) is larger than the resized short side (16)")]
    public async Task Check_WithPicturesOfNoSize_SaysWhichNumberIsWrong(string field, string typed, string fault)
    {
        var page = await WithPictures(classes: 7, perClass: 10);

        await page.InvokeAsync(() => page.Find(field).ChangeAsync(new() { Value = typed }));

        page.WaitForAssertion(() =>
            Assert.Contains(fault, page.Find("[role=alert]").TextContent, StringComparison.Ordinal)
        );
        Assert.True(CheckButton(page).HasAttribute("disabled"));
    }

    [Fact]
    public async Task Check_WithTooFewPictures_SaysHowManyItTakes()
    {
        var page = await WithPictures(classes: 7, perClass: 2);

        page.WaitForAssertion(() =>
            Assert.Contains(
                "has 13 test images; a check needs at least 20",
                page.Find("[role=alert]").TextContent,
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public async Task Check_AFileWithMoreSigns_TakesAsManyClasses()
    {
        var page = _lab.Open<CheckPage>("/check");

        await Arrives(page, await Shelf.Add("signs.safetensors", new MemoryStream(CheckRuns.Weights(classes: 20))));

        Assert.StartsWith(
            "Synthetic signs (20 classes",
            page.Find("#check-dataset option").TextContent.Trim(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Check_WithoutDetector_AsksForOne()
    {
        var page = _lab.Open<CheckPage>("/check");
        await Arrives(page, await Shelf.Add("model.safetensors", new MemoryStream(CheckRuns.Weights())));

        await page.InvokeAsync(() => page.Find("#check-neural-cleanse").ChangeAsync(new() { Value = false }));

        Assert.Contains(
            "Choose at least one detector",
            page.Find("[role=alert]").TextContent,
            StringComparison.Ordinal
        );
        Assert.True(CheckButton(page).HasAttribute("disabled"));
    }

    [Fact]
    public async Task Check_ARefusedFile_StandsBesideTheFieldWithTheReason()
    {
        var page = _lab.Open<CheckPage>("/check");

        await page.InvokeAsync(() => Upload(page).Sending("model.pth", 512, 1024));
        Assert.Equal("50", page.Find("[role=progressbar]").GetAttribute("aria-valuenow"));
        await page.InvokeAsync(() => Upload(page).Refused("The file is TorchScript."));

        Assert.Contains("The file is TorchScript.", page.Find("[role=alert]").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[role=progressbar]"));
        await page.InvokeAsync(() => Upload(page).TooLarge("huge.pth", 5L << 30));
        Assert.Contains(
            "'huge.pth' has 5.0 GB; this lab takes 1.0 GB at most",
            page.Find("[role=alert]").TextContent,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Check_AHashThatIsAPath_OpensNothing()
    {
        var page = _lab.Open<CheckPage>("/check");

        await page.InvokeAsync(() =>
            Upload(page)
                .Arrived("""{"name":"x.pth","sha256":"../../lab","bytes":1,"format":"","tensors":1,"numbers":1}""")
        );

        Assert.Empty(page.FindAll("#check-dataset"));
    }

    [Fact]
    public async Task Check_AgainOfARun_FillsThePage()
    {
        var model = await Shelf.Add("model.safetensors", new MemoryStream(CheckRuns.Weights()));
        var here = await _lab.Samples.Queued(
            CheckRuns.Spec with
            {
                Suspect = model.Suspect with { Pixels = PixelScale.Half },
            }
        );

        var filled = _lab.Open<CheckPage>($"/check?from={here}");
        filled.WaitForAssertion(() => Assert.Equal("Half", filled.Find("#check-pixels").GetAttribute("value")));
        Assert.Equal("2", filled.Find("#check-seed").GetAttribute("value"));
    }

    [Fact]
    public async Task Check_AgainOfARunWhoseFileIsGone_SaysSo()
    {
        var gone = await _lab.Samples.Queued(CheckRuns.Spec);

        var missing = _lab.Open<CheckPage>($"/check?from={gone}");
        missing.WaitForAssertion(() =>
            Assert.Contains(
                "'model.pth' of that check is not in this lab",
                missing.Find("[role=alert]").TextContent,
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public async Task NewRun_FromACheck_GoesToThePageOfChecks()
    {
        var id = await _lab.Samples.Queued(CheckRuns.Spec);

        var page = _lab.Open<NewRunPage>($"/runs/new?from={id}");

        page.WaitForAssertion(() => Assert.EndsWith($"/check?from={id}", _lab.Address, StringComparison.Ordinal));
    }

    private static AngleSharp.Dom.IElement CheckButton(IRenderedComponent<CheckPage> page) =>
        page.FindAll("button").Single(button => button.TextContent.Trim() == "Check");

    private static ModelUpload Upload(IRenderedComponent<CheckPage> page) => page.FindComponent<ModelUpload>().Instance;

    private static async Task Arrives(IRenderedComponent<CheckPage> page, ShelvedModel model)
    {
        await page.InvokeAsync(() => Upload(page).Arrived(JsonSerializer.Serialize(model, JsonSerializerOptions.Web)));
        page.WaitForAssertion(() => Assert.DoesNotContain("Comparing it with", page.Markup, StringComparison.Ordinal));
    }

    /// <summary>
    /// The page with a model of seven classes, and a folder named as the pictures that it is for; those made lie in
    /// <c>shop</c>.
    /// </summary>
    private async Task<IRenderedComponent<CheckPage>> WithPictures(int classes, int perClass, string folder = "shop")
    {
        CheckRuns.Pictures(Path.Combine(Data, "shop"), classes, perClass);
        var page = _lab.Open<CheckPage>("/check");
        await Arrives(page, await Shelf.Add("seven.safetensors", new MemoryStream(CheckRuns.Weights(classes: 7))));
        await page.InvokeAsync(() => page.Find("#check-dataset").ChangeAsync(new() { Value = "-1" }));
        Assert.True(CheckButton(page).HasAttribute("disabled"));
        await page.InvokeAsync(() => page.Find("#own-folder").ChangeAsync(new() { Value = folder }));
        return page;
    }
}
