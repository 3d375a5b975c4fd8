using System.Text.RegularExpressions;
using BackdoorLab.Engine.Tests.Structure;

namespace BackdoorLab.Web.Tests.Documents;

public sealed partial class ExtendingDocumentTests
{
    [Fact]
    public void Samples_OfThePage_AreTheCompiledFiles()
    {
        var page = Read("docs", "extending.md");
        var samples = Sample().Matches(page).ToList();

        var files = Directory.GetFiles(
            Path.Combine(Repository.Root, "tests", "BackdoorLab.Extension.Tests", "Methods")
        );
        Assert.Equal(files.Length + 1, samples.Count);
        Assert.All(
            samples,
            sample => Assert.Equal(Read(sample.Groups["file"].Value).Trim(), sample.Groups["code"].Value.Trim())
        );
    }

    private static string Read(params string[] path) =>
        File.ReadAllText(Path.Combine([Repository.Root, .. path])).TrimStart('\uFEFF').ReplaceLineEndings("\n");

    [GeneratedRegex(@"\[`(?<file>[^`]+)`\]\([^)]+\)\n\n```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Sample();
}
