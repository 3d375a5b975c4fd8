using System.Text.RegularExpressions;

namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>
/// Code is read beside other code. Sentences in quotes may run on: cut in pieces they are found by nobody who searches
/// for them.
/// </summary>
public sealed partial class LineWidthTests
{
    private const int Most = 120;

    [Fact]
    public void Lines_OfCode_StayWithinTheirWidth()
    {
        var tooWide = Repository
            .Files("", ".cs")
            .Where(file => !Repository.Relative(file).Contains("/Migrations/", StringComparison.Ordinal))
            .SelectMany(file => TooWide(File.ReadAllText(file)).Select(line => $"{Repository.Relative(file)}({line})"))
            .ToList();

        Assert.True(
            tooWide.Count == 0,
            $"Wider than {Most} columns; `dotnet csharpier format .` cuts code, comments are cut by hand:\n"
                + string.Join('\n', tooWide)
        );
    }

    [Theory]
    [InlineData("x = 1; // \"", 130, true)]
    [InlineData("/// ", 130, true)]
    [InlineData("var text = \"", 130, false)]
    [InlineData("x = ", 100, false)]
    public void TooWide_OfALine_ReadsWhatIsNoSentence(string start, int letters, bool expected)
    {
        var line = start + new string('a', letters) + (start.EndsWith('"') ? "\";" : ";");

        Assert.Equal(expected ? [1] : [], TooWide(line));
    }

    /// <summary>Numbers of the lines that are too wide without what stands in quotes.</summary>
    private static IEnumerable<int> TooWide(string text)
    {
        var lines = Raw().Replace(text, raw => new string('\n', raw.Value.Count(letter => letter == '\n'))).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd();
            var isComment = line.TrimStart().StartsWith("//", StringComparison.Ordinal);
            if (line.Length > Most && (isComment || Quoted().Replace(line, "\"\"").Length > Most))
            {
                yield return i + 1;
            }
        }
    }

    [GeneratedRegex("\"\"\"+.*?\"\"\"+", RegexOptions.Singleline)]
    private static partial Regex Raw();

    // A comment behind code counts, whatever it quotes.
    [GeneratedRegex("(?<!//.*)\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Quoted();
}
