using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>The axes of a run's tables, in the catalog's order.</summary>
public static class RunAxes
{
    /// <summary>Precisions of a run.</summary>
    public static IReadOnlyList<string> Precisions(RunDetail run) =>
        Ordered(run.Cells.Select(cell => cell.Id.Precision));

    /// <summary>Defenses of a run, without the undefended model.</summary>
    public static IReadOnlyList<string> Defenses(RunDetail run) =>
        Ordered(run.Cells.Select(cell => cell.Id.DefenseLabel).Where(label => label.Length > 0));

    private static IReadOnlyList<string> Ordered(IEnumerable<string> labels) =>
        [.. labels.Distinct().OrderBy(KindWords.Rank)];
}
