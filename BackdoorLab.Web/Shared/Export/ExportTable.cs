using System.Globalization;
using System.Text;

namespace BackdoorLab.Web.Shared.Export;

/// <summary>A cell of a table on its way into a document.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Strong">Whether it stands out: the best of its row.</param>
public sealed record ExportCell(string Text, bool Strong = false);

/// <summary>What stands above a table's rows, with a caption that says where they came from.</summary>
/// <param name="Caption">What is shown, without link and date.</param>
/// <param name="Link">Address of the page.</param>
/// <param name="At">When it was taken.</param>
/// <param name="Columns">Headings; the first is that of the rows.</param>
/// <param name="TextColumns">How many columns from the left are text.</param>
public sealed record ExportHead(
    string Caption,
    string Link,
    DateTime At,
    IReadOnlyList<string> Columns,
    int TextColumns = 1
)
{
    /// <summary>Day, UTC.</summary>
    public string Date => At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>A table as a paper or a note wants it: what is on the screen.</summary>
/// <param name="Head">What stands above.</param>
/// <param name="Rows">Cells, as many in each as there are columns.</param>
public sealed record ExportTable(ExportHead Head, IReadOnlyList<IReadOnlyList<ExportCell>> Rows)
{
    /// <summary>As LaTeX with booktabs.</summary>
    public string Latex() => Write(TableForm.Latex);

    /// <summary>As Markdown.</summary>
    public string Markdown() => Write(TableForm.Markdown);

    private string Write(TableForm form)
    {
        var text = new StringBuilder(form.Begin(Head));
        foreach (var row in Rows)
        {
            text.Append(form.Row(row));
        }

        return text.Append(form.End).ToString();
    }
}
