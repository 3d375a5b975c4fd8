using System.Text;

namespace BackdoorLab.Web.Shared.Export;

/// <summary>Text for Markdown.</summary>
public static class MarkdownSource
{
    /// <summary>
    /// Text that Markdown shows as it is, on one line: a cell of a table cannot hold a line break, and a bar would end
    /// it.
    /// </summary>
    public static string Of(string text)
    {
        var safe = new StringBuilder();
        foreach (var letter in text.ReplaceLineEndings(" "))
        {
            safe.Append(letter is '|' or '\\' or '*' or '_' or '`' or '<' or '[' ? $"\\{letter}" : letter.ToString());
        }

        return safe.ToString();
    }

    /// <summary>A row of a table, of cells that are Markdown already.</summary>
    public static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |\n";
}
