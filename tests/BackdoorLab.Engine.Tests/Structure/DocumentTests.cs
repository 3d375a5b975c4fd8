using System.Text.RegularExpressions;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>A page that is moved or renamed takes along who points at it.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Links_OfPagesToPages_ArriveAtAFileAndAHeading()
    {
        var lost = Pages()
            .SelectMany(page =>
                Link().Matches(File.ReadAllText(page)).Select(match => (Page: page, Target: match.Groups[1].Value))
            )
            .Where(link => !link.Target.Contains("://", StringComparison.Ordinal) && !Arrives(link.Page, link.Target))
            .Select(link => $"{Repository.Relative(link.Page)} points at {link.Target}, which is not there.")
            .ToList();

        Assert.True(lost.Count == 0, string.Join(Environment.NewLine, lost));
    }

    [Fact]
    public void Paths_OfOurFilesInCode_Exist()
    {
        var lost = Pages()
            .SelectMany(page =>
                FileName().Matches(File.ReadAllText(page)).Select(match => (Page: page, Target: match.Groups[1].Value))
            )
            .Where(path => !File.Exists(Path.Combine(Repository.Root, path.Target)))
            .Select(path => $"{Repository.Relative(path.Page)} names {path.Target}, which is not there.")
            .ToList();

        Assert.True(lost.Count == 0, string.Join(Environment.NewLine, lost));
    }

    [Fact]
    public void Glossary_NamesTypesThatExist()
    {
        var files = Repository.Files("", ".cs").Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var named = TypeName().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "glossary.md")));

        Assert.All(named, match => Assert.Contains(match.Groups[1].Value, files));
    }

    [Fact]
    public void MetricsPage_HasEveryMetricAsTheResultsDefineIt()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "metrics.md"));

        Assert.All(
            MetricCatalog.All,
            metric =>
                Assert.Contains(
                    $"| `{metric.Id}` | {metric.ShortName} | {metric.Definition} |",
                    page,
                    StringComparison.Ordinal
                )
        );
    }

    private static IEnumerable<string> Pages() => Repository.Files("", ".md");

    private static bool Arrives(string page, string target)
    {
        var parts = target.Split('#', 2);
        var file = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
        return (File.Exists(file) || Directory.Exists(file))
            && (
                parts.Length == 1
                || Heading().Matches(File.ReadAllText(file)).Any(match => Anchor(match.Groups[1].Value) == parts[1])
            );
    }

    // As GitHub makes the address of a heading: letters, digits and hyphens, in small letters.
    private static string Anchor(string heading) =>
        string.Concat(
            heading
                .ToLowerInvariant()
                .Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_')
                .Select(letter => letter == ' ' ? '-' : letter)
        );

    [GeneratedRegex(@"\]\(([^()\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([A-Z][a-z]+[A-Z]\\w*)`")]
    private static partial Regex TypeName();

    [GeneratedRegex("^#+ (.+?)\\s*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\b(docs/[\w/.-]+\.(?:md|json|png))\b")]
    private static partial Regex FileName();
}
