using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Commands;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Commands;

/// <summary>What the command line and the API say of data that cannot be used.</summary>
[Trait("Category", "Slow")]
public sealed class DataCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("data-command-").FullName;

    public DataCommandTests() => CheckRuns.Pictures(Path.Combine(_folder, "data", "shop"), classes: 3, perClass: 20);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ExperimentSpec Spec =>
        TinySpec.Short with
        {
            Dataset = new ImageFolder
            {
                Path = "shop",
                Resize = 32,
                Crop = 32,
            },
            Model = new Mlp { HiddenUnits = 16 },
            Attack = new BadNets { TargetLabel = 3 },
            CleanHoldout = 10,
            Defenses = [],
        };

    [Fact]
    public async Task Run_TargetBeyondTheFoldersClasses_IsAFaultOfTheSpec()
    {
        var (code, words) = await Program(
            "run",
            Write(SpecJson.Write(Spec)),
            "--out",
            Path.Combine(_folder, "out"),
            "--data",
            Path.Combine(_folder, "data")
        );

        Assert.Equal(RunCommand.InvalidSpec, code);
        Assert.Contains(
            "attack.targetLabel: must be below 3, the number of classes found; found 3.",
            words,
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(_folder, "out", "store")));
    }

    [Fact]
    public async Task Study_TargetBeyondTheFoldersClasses_IsAFaultOfTheSpec()
    {
        var study = StudySpec.Write(
            new StudySpec
            {
                Name = "s",
                Seeds = [1],
                Experiment = JsonNode.Parse(SpecJson.Write(Spec))!.AsObject(),
            }
        );

        var (code, words) = await Program(
            "study",
            Write(study),
            "--out",
            Path.Combine(_folder, "out"),
            "--data",
            Path.Combine(_folder, "data")
        );

        Assert.Equal(RunCommand.InvalidSpec, code);
        Assert.Contains("attack.targetLabel", words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/runs")]
    [InlineData("/api/v1/studies")]
    public async Task Api_TargetBeyondTheFoldersClasses_IsUnprocessable(string path)
    {
        await using var lab = await TestLab.StartAsync();
        CheckRuns.Pictures(Path.Combine(lab.Folder, "datasets", "shop"), classes: 3, perClass: 20);
        using var client = new HttpClient { BaseAddress = lab.Address };
        var spec = SpecJson.Write(Spec);
        var body = path.EndsWith("runs", StringComparison.Ordinal)
            ? spec
            : StudySpec.Write(
                new StudySpec
                {
                    Name = "s",
                    Seeds = [1],
                    Experiment = JsonNode.Parse(spec)!.AsObject(),
                }
            );

        using var answer = await client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal(
            "attack.targetLabel",
            (string?)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["faults"]![0]!["path"]
        );
    }

    [Theory]
    [InlineData("run")]
    [InlineData("check")]
    public async Task Command_OnATruncatedPicture_SaysOnceWhichAndHowToMendIt(string command)
    {
        foreach (var picture in Directory.GetFiles(Path.Combine(_folder, "data", "shop", "class-01")))
        {
            File.WriteAllBytes(picture, File.ReadAllBytes(picture)[..60]);
        }

        string[] what =
            command == "run"
                ?
                [
                    Write(SpecJson.Write(Spec with { Attack = new BadNets() })),
                    "--out",
                    Path.Combine(_folder, "out"),
                    "--data",
                    Path.Combine(_folder, "data"),
                ]
                : [Model(), "--folder", Path.Combine(_folder, "data", "shop")];
        var (code, words) = await Program(command, what);

        Assert.Equal(RunCommand.Incomplete, code);
        Assert.DoesNotContain("   at ", words, StringComparison.Ordinal);
        Assert.Equal(2, words.Split("the picture is cut off or corrupt").Length);
        Assert.Contains("Replace or remove the file.", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_OnAFolder_ShowsTheOrderOfItsClassesAndWhatWasLeftOut()
    {
        var shop = Path.Combine(_folder, "data", "shop");
        Directory.Move(Path.Combine(shop, "class-00"), Path.Combine(shop, "10"));
        Directory.Move(Path.Combine(shop, "class-01"), Path.Combine(shop, "9"));
        Directory.Move(Path.Combine(shop, "class-02"), Path.Combine(shop, "8"));
        Directory.CreateDirectory(Path.Combine(shop, "__MACOSX"));
        await File.WriteAllTextAsync(Path.Combine(shop, "order.txt"), "10\n8\n9\n");

        var (_, automatic) = await Program("check", Model(), "--folder", shop);
        var (_, alphabetical) = await Program("check", Model(), "--folder", shop, "--class-order", "Alphabetical");
        var (_, listed) = await Program("check", Model(), "--folder", shop, "--class-file", "order.txt");

        Assert.Contains("\n* classes in numeric order: 8, 9, 10\n", automatic, StringComparison.Ordinal);
        Assert.Contains("\n* left out: 1 × __MACOSX folder (__MACOSX)\n", automatic, StringComparison.Ordinal);
        Assert.Contains("classes in alphabetical order: 10, 8, 9", alphabetical, StringComparison.Ordinal);
        Assert.Contains("classes in the order of order.txt: 10, 8, 9", listed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("check")]
    [InlineData("probe")]
    public async Task Command_OnAFolderInPlaceOfAFile_EndsWithWordsAndNoTrace(string command)
    {
        string[] more =
            command == "probe" ? ["--store", Path.Combine(_folder, "store")]
            : command == "check" ? ["--folder", Path.Combine(_folder, "data", "shop")]
            : ["--out", Path.Combine(_folder, "out")];

        var (code, words) = await Program(command, [_folder, .. more]);

        Assert.Equal(RunCommand.InvalidSpec, code);
        Assert.DoesNotContain("   at ", words, StringComparison.Ordinal);
        Assert.NotEmpty(words.Trim());
    }

    [SkippableFact]
    public async Task Check_OfADevice_IsRefusedUnopened()
    {
        Skip.If(OperatingSystem.IsWindows(), "No such files.");
        var model = Path.Combine(_folder, "model.pth");
        File.CreateSymbolicLink(model, "/dev/zero");

        var (code, words) = await Program("check", model, "--folder", Path.Combine(_folder, "data", "shop"));

        Assert.Equal(RunCommand.InvalidSpec, code);
        Assert.Contains(
            $"{model} is a link to /dev/zero, which is empty or no regular file",
            words,
            StringComparison.Ordinal
        );
    }

    private string Write(string text)
    {
        var file = Path.Combine(_folder, "spec.json");
        File.WriteAllText(file, text);
        return file;
    }

    private string Model()
    {
        var file = Path.Combine(_folder, "model.safetensors");
        File.WriteAllBytes(file, CheckRuns.Weights(3, new Mlp()));
        return file;
    }

    private static async Task<(int Code, string Words)> Program(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[typeof(LabHost).Assembly.Location, command, .. arguments, "--threads", "1"])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, $"{await errors}\n{await output}".ReplaceLineEndings("\n"));
    }
}
