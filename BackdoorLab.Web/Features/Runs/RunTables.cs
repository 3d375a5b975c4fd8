using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>Which runs go into a document.</summary>
/// <param name="Selection">The runs.</param>
/// <param name="State">The run list that shows them: says what they are, and whether they are read in groups.</param>
/// <param name="Link">Address of the page that shows them.</param>
public sealed record RunExport(RunSelection Selection, RunListState State, string Link);

/// <summary>
/// Runs as a table for a paper or a note: one by one, or, where the list groups them, groups with mean, spread and n.
/// </summary>
public sealed class RunTables(RunGroupQuery groups, RunStreamQuery results, TimeProvider time)
{
    /// <summary>Writes the table while the runs are read.</summary>
    /// <param name="form">LaTeX or Markdown.</param>
    /// <param name="export">Which runs.</param>
    /// <param name="text">Where to.</param>
    public async Task Write(TableForm form, RunExport export, TextWriter text, CancellationToken cancellation)
    {
        var (head, rows) = export is { Selection.Filter: { } filter, State.Group: { } by }
            ? (Groups(export, by), GroupRows(filter, by, cancellation))
            : (Runs(export), RunRows(export.Selection, cancellation));
        await text.WriteAsync(form.Begin(head));
        await foreach (var row in rows)
        {
            await text.WriteAsync(form.Row([.. row.Select(cell => new ExportCell(cell))]));
        }

        await text.WriteAsync(form.End);
    }

    private static string Measured =>
        $"Clean accuracy (CA) and attack success rate (ASR) of the backdoored model without a defense at {KindWords.Label(KnownLabels.ReferencePrecision)}";

    private ExportHead Runs(RunExport export) =>
        new(
            $"{Which(export)}. {Measured}; each run is a single seed (n = 1).",
            export.Link,
            time.GetUtcNow().UtcDateTime,
            ["Run", "Data set", "Model", "Attack", "State", "Poison rate", "Seed", "CA", "ASR"],
            TextColumns: 5
        );

    private ExportHead Groups(RunExport export, RunGrouping by)
    {
        string[] names = by == RunGrouping.Configuration ? [RunWords.Grouping(by), "Setting"] : [RunWords.Grouping(by)];
        return new(
            $"{Which(export)}, by {RunWords.Grouping(by).ToLowerInvariant()}. {Measured}: mean ± standard deviation over seeds of one condition with n in brackets; where the runs are of several conditions, from the smallest to the largest value and no mean.",
            export.Link,
            time.GetUtcNow().UtcDateTime,
            [.. names, "Runs", "Seeds", "CA", "ASR"],
            names.Length
        );
    }

    private async IAsyncEnumerable<IEnumerable<string>> RunRows(
        RunSelection selection,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await foreach (var run in results.StreamAsync(selection, cancellation))
        {
            yield return
            [
                RunWords.Name(run),
                KindWords.Label(run.Dataset),
                KindWords.Label(run.Model),
                KindWords.Label(run.Attack),
                RunWords.State(run.State).ToLowerInvariant(),
                RunWords.IsCheck(run) ? "" : RunWords.Rate(run),
                FormattableString.Invariant($"{run.Seed}"),
                Numbers.Percent(run.CleanAccuracy),
                Numbers.Percent(run.AttackSuccessRate),
            ];
        }
    }

    private async IAsyncEnumerable<IEnumerable<string>> GroupRows(
        RunFilter filter,
        RunGrouping by,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        RunGroupPage page;
        var number = 0;
        do
        {
            page = await groups.PageAsync(filter, by, number++, RunPage.MaxSize, cancellation);
            foreach (var group in page.Items)
            {
                string[] names =
                    by == RunGrouping.Configuration
                        ? [RunWords.Group(by, group), RunWords.Setting(group.Example)]
                        : [RunWords.Group(by, group)];
                yield return
                [
                    .. names,
                    FormattableString.Invariant($"{group.Runs}"),
                    FormattableString.Invariant($"{group.Seeds}"),
                    Mean(group.CleanAccuracy),
                    Mean(group.AttackSuccessRate),
                ];
            }
        } while (page.Items.Count == RunPage.MaxSize);
    }

    private static string Which(RunExport export)
    {
        if (export.Selection.Filter is null)
        {
            return "Chosen runs";
        }

        var state = export.State;
        string?[] parts =
        [
            state.Query,
            state.State is { } known ? $"state {known}" : null,
            Kind(state.Dataset),
            Kind(state.Model),
            Kind(state.Attack),
            state.Archived ? "archived" : null,
        ];
        var said = string.Join("; ", parts.Where(part => !string.IsNullOrEmpty(part)));
        return said.Length == 0 ? "All runs" : $"Runs that match: {said}";
    }

    private static string? Kind(string? id) => id is null ? null : KindWords.Label(id);

    private static string Mean(GroupFigure figure) =>
        figure switch
        {
            { All: null } => "–",
            { Stat: { } stat } => FormattableString.Invariant($"{RunWords.Figure(figure)} ({stat.N})")
                + (stat.Disagreeing > 0 ? $", {SeedWords.Disagreement(Metric.CleanAccuracy, stat)}" : ""),
            _ => $"{RunWords.Figure(figure)} ({Numbers.Count(figure.Conditions, "condition")})",
        };
}
