using System.Globalization;
using System.Text;

namespace BackdoorLab.Web.Export;

/// <summary>A cell of a table on its way into a document.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Strong">Whether it stands out: the best of its row.</param>
public sealed record ExportCell(string Text, bool Strong = false);

/// <summary>A table as a paper or a note wants it: what is on the screen, with a caption that says where it came from.</summary>
/// <param name="Caption">What is shown, without link and date.</param>
/// <param name="Link">Address of the page.</param>
/// <param name="At">When it was taken.</param>
/// <param name="Columns">Headings; the first is that of the rows.</param>
/// <param name="Rows">Cells, as many in each as there are columns.</param>
public sealed record ExportTable(
    string Caption, string Link, DateTime At, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<ExportCell>> Rows)
{
    private string Date => At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>As LaTeX with booktabs.</summary>
    public string Latex()
    {
        var text = new StringBuilder("% Needs \\usepackage{booktabs} and \\usepackage{url}.\n\\begin{table}\n  \\centering\n")
            .Append(CultureInfo.InvariantCulture, $"  \\caption{{{LatexText.Of(Caption)} Taken from \\url{{{LatexText.Address(Link)}}} on {Date}.}}\n")
            .Append(CultureInfo.InvariantCulture, $"  \\begin{{tabular}}{{l{new string('r', Columns.Count - 1)}}}\n    \\toprule\n")
            .Append(CultureInfo.InvariantCulture, $"    {string.Join(" & ", Columns.Select(LatexText.Of))} \\\\\n    \\midrule\n");
        foreach (var row in Rows)
        {
            var cells = row.Select(cell => cell.Strong ? $"\\textbf{{{LatexText.Of(cell.Text)}}}" : LatexText.Of(cell.Text));
            text.Append(CultureInfo.InvariantCulture, $"    {string.Join(" & ", cells)} \\\\\n");
        }

        return text.Append("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n").ToString();
    }

    /// <summary>As Markdown.</summary>
    public string Markdown()
    {
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{Plain(Caption)} Taken from <{Link}> on {Date}.\n\n")
            .Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", Columns.Select(Plain))} |\n|{string.Concat(Columns.Select((_, i) => i == 0 ? " --- |" : " ---: |"))}\n");
        foreach (var row in Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row.Select(cell => cell.Strong ? $"**{Plain(cell.Text)}**" : Plain(cell.Text)))} |\n");
        }

        return text.ToString();
    }

    // A cell cannot hold a line break, and a bar would end it.
    private static string Plain(string text)
    {
        var safe = new StringBuilder();
        foreach (var letter in text.ReplaceLineEndings(" "))
        {
            safe.Append(letter is '|' or '\\' or '*' or '_' or '`' or '<' or '[' ? $"\\{letter}" : letter.ToString());
        }

        return safe.ToString();
    }
}
