namespace BackdoorLab.Web.Shared.Export;

/// <summary>A form of documents that has tables, in parts.</summary>
public abstract class TableForm
{
    /// <summary>LaTeX with booktabs.</summary>
    public static TableForm Latex { get; } = new LatexForm();

    /// <summary>Markdown.</summary>
    public static TableForm Markdown { get; } = new MarkdownForm();

    /// <summary>What stands behind the last row.</summary>
    public abstract string End { get; }

    /// <summary>All that stands before the first row.</summary>
    public abstract string Begin(ExportHead head);

    /// <summary>A row.</summary>
    public abstract string Row(IReadOnlyList<ExportCell> cells);

    private sealed class LatexForm : TableForm
    {
        public override string End => LatexTable.End;

        public override string Begin(ExportHead head) =>
            LatexTable.Begin(
                ["booktabs", "url"],
                $"{LatexText.Of(head.Caption)} Taken from \\url{{{LatexText.Address(head.Link)}}} on {head.Date}.",
                new string('l', head.TextColumns) + new string('r', head.Columns.Count - head.TextColumns),
                head.Columns.Select(LatexText.Of)
            );

        public override string Row(IReadOnlyList<ExportCell> cells) =>
            LatexTable.Row(
                cells.Select(cell => cell.Strong ? $"\\textbf{{{LatexText.Of(cell.Text)}}}" : LatexText.Of(cell.Text))
            );
    }

    private sealed class MarkdownForm : TableForm
    {
        public override string End => "";

        public override string Begin(ExportHead head) =>
            $"{MarkdownSource.Of(head.Caption)} Taken from <{head.Link}> on {head.Date}.\n\n{MarkdownSource.Row(head.Columns.Select(MarkdownSource.Of))}"
            + $"|{string.Concat(head.Columns.Select((_, i) => i < head.TextColumns ? " --- |" : " ---: |"))}\n";

        public override string Row(IReadOnlyList<ExportCell> cells) =>
            MarkdownSource.Row(
                cells.Select(cell => cell.Strong ? $"**{MarkdownSource.Of(cell.Text)}**" : MarkdownSource.Of(cell.Text))
            );
    }
}
