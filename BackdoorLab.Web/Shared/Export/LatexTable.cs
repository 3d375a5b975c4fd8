namespace BackdoorLab.Web.Shared.Export;

/// <summary>
/// The frame of a table with booktabs, in parts, so that a long one need not be in memory. All texts are LaTeX already.
/// </summary>
public static class LatexTable
{
    /// <summary>What stands behind the last row.</summary>
    public const string End = "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n";

    /// <summary>A line between two groups of rows.</summary>
    public const string Rule = "    \\midrule\n";

    /// <summary>All that stands before the first row.</summary>
    /// <param name="packages">Packages it needs.</param>
    /// <param name="alignment">Of the columns, such as <c>lrr</c>.</param>
    /// <param name="headings">Headings of the columns.</param>
    public static string Begin(
        IEnumerable<string> packages,
        string caption,
        string alignment,
        IEnumerable<string> headings
    ) =>
        $"% Needs {string.Join(" and ", packages.Select(package => $"\\usepackage{{{package}}}"))}.\n\\begin{{table}}\n  \\centering\n  \\caption{{{caption}}}\n"
        + $"  \\begin{{tabular}}{{{alignment}}}\n    \\toprule\n{Row(headings)}    \\midrule\n";

    /// <summary>A row.</summary>
    public static string Row(IEnumerable<string> cells) => $"    {string.Join(" & ", cells)} \\\\\n";
}
