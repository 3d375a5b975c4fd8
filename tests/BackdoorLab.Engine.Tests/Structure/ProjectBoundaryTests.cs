using System.Text.RegularExpressions;

namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>
/// Web knows engine and data, both know results, and nothing else knows anything; pages know no tensors.
/// </summary>
public sealed partial class ProjectBoundaryTests
{
    [Fact]
    public void Results_SourcesAndProject_KnowNothingElse() =>
        AssertNoMention(
            Repository.Files("BackdoorLab.Results", ".cs", ".csproj"),
            AnythingElse(),
            "results are values that engine and data share; what only one of them needs belongs there"
        );

    [Fact]
    public void Data_SourcesAndProject_KnowNeitherEngineNorTorchSharp() =>
        AssertNoMention(
            Repository.Files("BackdoorLab.Data", ".cs", ".csproj"),
            EngineOrTorch(),
            "the data room stores the values of BackdoorLab.Results; BackdoorLab.Web brings them from the engine"
        );

    [Fact]
    public void Engine_SourcesAndProject_KnowNeitherDataNorWeb() =>
        AssertNoMention(
            Repository.Files("BackdoorLab.Engine", ".cs", ".csproj"),
            DataOrWeb(),
            "the engine reports through IExperimentObserver and knows neither database nor web"
        );

    [Fact]
    public void FeaturesAndShared_Sources_DoNotUseTorchSharp() =>
        AssertNoMention(
            Repository
                .Files("BackdoorLab.Web/Features", ".razor", ".cs")
                .Concat(Repository.Files("BackdoorLab.Web/Shared", ".razor", ".cs")),
            Torch(),
            "components use services of BackdoorLab.Web and the stores of BackdoorLab.Data"
        );

    [Fact]
    public void Web_OutsideItsCommands_LeavesTheConsoleAlone() =>
        AssertNoMention(
            Repository.Files("BackdoorLab.Web", ".cs", ".razor").Where(file => !OwnsTheConsole(file)),
            ConsoleWord(),
            "log through ILogger, or return what a command prints"
        );

    // The worker's standard output is its pipe to the dashboard, which ReservedOutput keeps from everybody else.
    private static bool OwnsTheConsole(string file) =>
        file.Contains("/Commands/", StringComparison.Ordinal)
        || Path.GetFileName(file) is "Program.cs" or "WorkerSession.cs" or "ReservedOutput.cs";

    private static void AssertNoMention(IEnumerable<string> files, Regex forbidden, string remedy)
    {
        var faults = files
            .SelectMany(file =>
                File.ReadLines(file)
                    .Select((line, index) => (Place: $"{Repository.Relative(file)}({index + 1})", Line: line.Trim()))
            )
            .Where(entry => !entry.Line.StartsWith("//", StringComparison.Ordinal) && forbidden.IsMatch(entry.Line))
            .Select(entry => $"{entry.Place}: {entry.Line}")
            .ToList();

        Assert.True(
            faults.Count == 0,
            $"Remedy: {remedy}.{Environment.NewLine}{string.Join(Environment.NewLine, faults)}"
        );
    }

    [GeneratedRegex(@"\bBackdoorLab\.Engine\b(?!\.Tests)|\bTorchSharp\b|\blibtorch")]
    private static partial Regex EngineOrTorch();

    [GeneratedRegex(@"\bBackdoorLab\.(Data|Web)\b|\bMicrosoft\.(EntityFrameworkCore|AspNetCore)\b|\bHangfire\b")]
    private static partial Regex DataOrWeb();

    [GeneratedRegex(@"\bBackdoorLab\.(Engine|Data|Web)\b|\bTorchSharp\b|PackageReference|ProjectReference")]
    private static partial Regex AnythingElse();

    [GeneratedRegex(@"\bConsole\.")]
    private static partial Regex ConsoleWord();

    // A call, so that a sentence may name torch.save.
    [GeneratedRegex(@"\bTorchSharp\b|\btorch\.\w+\(")]
    private static partial Regex Torch();
}
