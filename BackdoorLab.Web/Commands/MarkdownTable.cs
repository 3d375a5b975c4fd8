namespace BackdoorLab.Web.Commands;

/// <summary>A Markdown table whose columns are aligned, so that it also reads well in a terminal.</summary>
internal static class MarkdownTable
{
    internal static void Write(string[] head, IEnumerable<string[]> body, TextWriter output)
    {
        List<string[]> rows = [head, .. body];
        var widths = Enumerable.Range(0, head.Length).Select(i => rows.Max(row => row[i].Length)).ToArray();
        for (var i = 0; i < rows.Count; i++)
        {
            output.WriteLine(
                "| " + string.Join(" | ", rows[i].Select((text, column) => text.PadRight(widths[column]))) + " |"
            );
            if (i == 0)
            {
                output.WriteLine("|" + string.Concat(widths.Select(width => new string('-', width + 2) + "|")));
            }
        }
    }
}
