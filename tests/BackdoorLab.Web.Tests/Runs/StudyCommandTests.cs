using System.Text.Json.Nodes;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Commands;

namespace BackdoorLab.Web.Tests.Runs;

[Collection("lab")]
public sealed class StudyCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("study-command").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Study_WithoutItsData_EndsIncompleteAndStillWritesItsReport()
    {
        var experiment = TinySpec.Short with { Dataset = new Gtsrb() };
        var study = new StudySpec { Name = "no data", Seeds = [1, 2], Experiment = JsonNode.Parse(SpecJson.Write(experiment))!.AsObject() };
        var file = Path.Combine(_folder, "study.spec.json");
        await File.WriteAllTextAsync(file, StudySpec.Write(study));

        var code = await StudyCommand.Create().Parse([file, "--out", _folder, "--data", Path.Combine(_folder, "none"), "--threads", "1"]).InvokeAsync();

        Assert.Equal(RunCommand.Incomplete, code);
        var report = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "study.json")))!;
        Assert.All(report["settings"]![0]!["cells"]!.AsArray(), cell => Assert.Empty(cell!["values"]!.AsObject()));
    }
}
