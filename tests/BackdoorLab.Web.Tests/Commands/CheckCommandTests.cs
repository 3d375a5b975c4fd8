using System.Text.Json.Nodes;
using BackdoorLab.Engine.Tests.Programs;
using BackdoorLab.Web.Commands;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Commands;

[Trait("Category", "Slow")]
public sealed class CheckCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("check-command").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Check_OnAFolderOfPictures_AsksTheDetectorOnThem()
    {
        CheckRuns.Pictures(Path.Combine(_folder, "shop"), classes: 3, perClass: 10);
        var output = Path.Combine(_folder, "out");

        var code = await Run(
            Model(classes: 3),
            "--folder",
            Path.Combine(_folder, "shop"),
            "--out",
            output,
            "--threads",
            "1"
        );

        Assert.Contains(code, new[] { RunCommand.Complete, CheckCommand.Flagged, CheckCommand.NotDecidable });
        var result = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(output, "result.json")))!;
        Assert.Equal("shop", (string?)result["spec"]!["dataset"]!["path"]);
        Assert.Equal(13, (int?)result["spec"]!["cleanHoldout"]);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("shop")]
    public async Task Check_OnPicturesThatDoNotFit_RefusesTheFile(string folder)
    {
        CheckRuns.Pictures(Path.Combine(_folder, "shop"), classes: 3, perClass: 10);

        Assert.Equal(
            RunCommand.InvalidSpec,
            await Run(Model(classes: 4), "--folder", Path.Combine(_folder, folder), "--threads", "1")
        );
    }

    [SkippableFact]
    public async Task Check_OfAProgram_RunsItInAProcessOfItsOwn()
    {
        Skip.IfNot(ProcessLimits.HasReadOnly, "Programs are run on 64-bit Linux alone.");
        CheckRuns.Pictures(Path.Combine(_folder, "shop"), classes: 3, perClass: 10);
        var (file, output) = (Path.Combine(_folder, "model.pt"), Path.Combine(_folder, "out"));
        await File.WriteAllBytesAsync(file, TinyProgram.Of("torch.mean(x, [2, 3])"));

        var code = await Run(file, "--folder", Path.Combine(_folder, "shop"), "--out", output, "--threads", "1");

        Assert.Contains(code, new[] { RunCommand.Complete, CheckCommand.Flagged, CheckCommand.NotDecidable });
        var result = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(output, "result.json")))!;
        Assert.Equal("file-program", (string?)result["spec"]!["model"]!["id"]);
        Assert.Equal(["value", "value"], result["cells"]!.AsArray().Select(cell => (string?)cell!["outcome"]));
        Assert.Equal(
            RunCommand.InvalidSpec,
            await Run(Model(classes: 3), "--folder", Path.Combine(_folder, "shop"), "--program", "--threads", "1")
        );
    }

    [Theory]
    [InlineData("--seed", "2")]
    [InlineData("--dataset", "cifar10", "--folder", "shop")]
    public void Check_NotWithExactlyOneSetOfImages_IsRefusedBeforeAnythingIsRead(params string[] options)
    {
        var error = Assert.Single(CheckCommand.Create().Parse(["model.pth", .. options]).Errors);

        Assert.Contains("--dataset ID, or --folder FOLDER", error.Message, StringComparison.Ordinal);
    }

    private string Model(int classes)
    {
        var file = Path.Combine(_folder, "model.safetensors");
        File.WriteAllBytes(file, CheckRuns.Weights(classes));
        return file;
    }

    private static Task<int> Run(string file, params string[] options) =>
        CheckCommand.Create().Parse([file, "--method", "neural-cleanse", .. options]).InvokeAsync();
}
