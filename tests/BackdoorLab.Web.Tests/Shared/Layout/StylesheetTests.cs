using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Shared.Layout;

public sealed class StylesheetTests
{
    /// <summary>A browser drops what follows a rule that is never closed without a word.</summary>
    [Theory]
    [InlineData("lab.css")]
    [InlineData("pages.css")]
    public void Rules_AreClosed(string file)
    {
        var depth = 0;
        foreach (var (line, number) in Stylesheets.Read(file).Split('\n').Select((line, i) => (line, i + 1)))
        {
            // At the start of a line a rule or a block begins; both stand outside of everything else.
            Assert.True(depth == 0 || line.Length == 0 || line[0] is ' ' or '}', $"{file}, line {number}: a rule before it is not closed.");
            depth += line.Count(letter => letter == '{') - line.Count(letter => letter == '}');
        }

        Assert.Equal(0, depth);
    }
}
