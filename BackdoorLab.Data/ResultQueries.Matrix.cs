using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data;

/// <content>The matrix.</content>
public sealed partial class ResultQueries
{
    /// <summary>How many runs a matrix averages at most.</summary>
    public const int MaxMatrixRuns = 2000;

    /// <summary>
    /// One metric over defense x precision. Runs of one configuration with different seeds are repeats and are averaged; of runs with
    /// the same configuration and seed only one counts: the newest that succeeded, or, while none has, the newest that started.
    /// Finished cells of a run that is still running (or broke off) are shown as they are.
    /// </summary>
    /// <param name="filter">Which runs, and which of their two models.</param>
    /// <param name="metric">Id of the metric.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<ResultMatrix> MatrixAsync(MatrixFilter filter, string metric, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrEmpty(metric);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var newest = await Counting(context, filter)
            .OrderByDescending(run => run.Created).ThenByDescending(run => run.Id)
            .Select(run => run.Id)
            .Take(MaxMatrixRuns + 1)
            .ToListAsync(cancellation);
        var rank = newest.Take(MaxMatrixRuns).Select((id, index) => (id, index)).ToDictionary(run => run.id, run => run.index);

        var runs = Counting(context, filter)
            .OrderByDescending(run => run.Created).ThenByDescending(run => run.Id)
            .Take(MaxMatrixRuns);
        var rows = await (
            from run in runs
            join cell in context.Cells on run.Id equals cell.RunId
            where cell.Victim == filter.Victim
            join measurement in context.Measurements.Where(row => row.Metric == metric)
                on new { cell.RunId, cell.Victim, cell.Precision, cell.Defense }
                equals new { measurement.RunId, measurement.Victim, measurement.Precision, measurement.Defense }
                into measured
            from measurement in measured.DefaultIfEmpty()
            select new Row(
                cell.RunId,
                cell.Precision,
                cell.Defense,
                cell.Outcome,
                cell.Reason,
                cell.NotesJson,
                measurement == null ? null : measurement.Value)).ToListAsync(cancellation);

        var cells = rows
            .GroupBy(row => (row.Defense, row.Precision))
            .Select(group => Summarize(group.Key.Defense, group.Key.Precision, [.. group.OrderBy(row => rank[row.RunId])]))
            .ToList();
        return new ResultMatrix(
            metric,
            [.. Labels(cells, cell => cell.Precision, ResultWords.ReferencePrecision)],
            [.. Labels(cells, cell => cell.Defense, ResultWords.Undefended)],
            cells,
            rank.Count,
            newest.Count > MaxMatrixRuns);
    }

    private static IQueryable<Run> Counting(LabDbContext context, MatrixFilter filter)
    {
        // A check knows neither attack nor twin: it has no place among runs that do.
        var runs = context.Runs.AsNoTracking()
            .Where(run => !run.Deleted && run.Attempt > 0 && run.State != RunState.Draft && run.Attack != ResultWords.UnknownAttack);
        if (filter.Dataset is not null)
        {
            runs = runs.Where(run => run.Dataset == filter.Dataset);
        }

        if (filter.Model is not null)
        {
            runs = runs.Where(run => run.Model == filter.Model);
        }

        if (filter.Attack is not null)
        {
            runs = runs.Where(run => run.Attack == filter.Attack);
        }

        if (filter.PoisonRate is not null)
        {
            runs = runs.Where(run => run.PoisonRate == filter.PoisonRate);
        }

        // A run without cells never got as far as its plan: it must not hide an older one that did.
        return runs.Where(run => context.Cells.Any(cell => cell.RunId == run.Id)
            && !context.Runs.Any(other => other.ConfigHash == run.ConfigHash
                && other.Seed == run.Seed
                && other.Id != run.Id
                && !other.Deleted
                && context.Cells.Any(cell => cell.RunId == other.Id)
                && ((other.State == RunState.Succeeded && run.State != RunState.Succeeded)
                    || ((other.State == RunState.Succeeded || run.State != RunState.Succeeded)
                        && (other.Created > run.Created
                            || (other.Created == run.Created && string.Compare(other.Id, run.Id) > 0))))));
    }

    /// <summary>Of rows in the order newest first.</summary>
    private static MatrixCell Summarize(string defense, string precision, IReadOnlyList<Row> rows)
    {
        var values = rows.Where(row => row.Outcome == CellOutcome.Value).Select(row => row.Value).OfType<double>().ToList();
        var spread = Spread.Of(values);
        return new MatrixCell
        {
            Defense = defense,
            Precision = precision,
            N = spread.N,
            Mean = spread.Mean,
            StandardDeviation = spread.StandardDeviation,
            Minimum = values.Count == 0 ? null : values.Min(),
            Maximum = values.Count == 0 ? null : values.Max(),
            Outcomes = rows.CountBy(row => row.Outcome).ToDictionary(),
            Reasons = MostFrequent(rows.Where(row => row.Outcome != CellOutcome.Value).Select(row => row.Reason)),
            Notes = MostFrequent(rows.SelectMany(row => JsonText.List(row.NotesJson))),
            RunIds = [.. rows.Select(row => row.RunId)],
        };
    }

    private static IReadOnlyList<string> MostFrequent(IEnumerable<string> texts) =>
    [
        .. texts.Where(text => text.Length > 0)
            .CountBy(text => text)
            .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal)
            .Select(count => count.Key),
    ];

    private static IEnumerable<string> Labels(IEnumerable<MatrixCell> cells, Func<MatrixCell, string> label, string first) => cells
        .Select(label)
        .Distinct()
        .OrderBy(text => text != first).ThenBy(text => text, StringComparer.Ordinal);

    private sealed record Row(
        string RunId, string Precision, string Defense, CellOutcome Outcome, string Reason, string NotesJson, double? Value);
}
