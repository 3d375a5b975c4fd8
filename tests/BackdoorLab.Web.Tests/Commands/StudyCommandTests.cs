using System.Text.Json.Nodes;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Commands;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Commands;

public sealed class StudyCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("study-command").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Study_WithoutItsData_EndsIncompleteAndStillWritesItsReport()
    {
        var code = await Run(TinySpec.Short with { Dataset = new Gtsrb() });

        Assert.Equal(RunCommand.Incomplete, code);
        Assert.All(Cells(), cell => Assert.Empty(cell!["values"]!.AsObject()));
    }

    [Fact]
    public async Task Study_InTwoProcesses_ReportsWhatTheyFound()
    {
        var code = await Run(TinySpec.Short, "--processes", "2");

        Assert.Equal(RunCommand.Complete, code);
        Assert.NotEmpty(Cells());
        Assert.All(Cells(), cell => Assert.Equal(2, cell!["outcomes"]!.AsArray().Count));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "store"), "*.lock"));
    }

    private async Task<int> Run(ExperimentSpec experiment, params string[] options)
    {
        var study = new StudySpec
        {
            Name = "two seeds",
            Seeds = [1, 2],
            Experiment = JsonNode.Parse(SpecJson.Write(experiment))!.AsObject(),
        };
        var file = Path.Combine(_folder, "study.spec.json");
        await File.WriteAllTextAsync(file, StudySpec.Write(study));
        return await StudyCommand
            .Create()
            .Parse([file, "--out", _folder, "--data", Path.Combine(_folder, "none"), "--threads", "1", .. options])
            .InvokeAsync();
    }

    private JsonArray Cells() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "study.json")))!["settings"]![0]!["cells"]!.AsArray();
}
