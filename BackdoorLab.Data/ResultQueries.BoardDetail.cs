using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data;

/// <content>What stands behind a leaderboard's cells.</content>
public sealed partial class ResultQueries
{
    /// <summary>How many runs <see cref="BoardCellRunsAsync"/> lists at most.</summary>
    public const int MaxBoardCellRuns = 200;

    /// <summary>A number of one cell in several runs, by run; runs without it are absent.</summary>
    /// <param name="runIds">Runs.</param>
    /// <param name="key">Cell.</param>
    /// <param name="metric">Metric.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyDictionary<string, double>> CellValuesAsync(
        IReadOnlyCollection<string> runIds, CellKey key, string metric, CancellationToken cancellation = default)
    {
        var (victim, precision, defense) = key;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Measurements.AsNoTracking()
            .Where(number => runIds.Contains(number.RunId) && number.Victim == victim && number.Precision == precision && number.Defense == defense && number.Metric == metric)
            .ToDictionaryAsync(number => number.RunId, number => number.Value, cancellation);
    }

    /// <summary>The runs of a cell, newest first, at most <see cref="MaxBoardCellRuns"/>; the cell says how many there are.</summary>
    /// <param name="filter">The board.</param>
    /// <param name="row">Attack or precision.</param>
    /// <param name="defense">Label of the defense.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<BoardCellRun>> BoardCellRunsAsync(
        BoardFilter filter, string row, string defense, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var byPrecision = filter.Rows == BoardRows.Precisions;
        var precision = byPrecision ? row : filter.Precision;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var runs = Counting(context, Matrix(filter) with { Attack = byPrecision ? filter.Attack : row });
        var numbers = context.Measurements.Where(number => number.Precision == precision && number.Defense == defense);
        var found = await (
            from run in runs
            join cell in context.Cells on run.Id equals cell.RunId
            where cell.Victim == filter.Victim && cell.Precision == precision && cell.Defense == defense
            orderby run.Created descending, run.Id descending
            select new
            {
                run.Id,
                run.Name,
                run.Seed,
                run.Created,
                run.State,
                cell.Outcome,
                cell.Reason,
                cell.NotesJson,
                Value = numbers.Where(number => number.RunId == run.Id && number.Victim == filter.Victim && number.Metric == filter.Metric)
                    .Select(number => (double?)number.Value).FirstOrDefault(),
                Twin = numbers.Where(number => number.RunId == run.Id && number.Victim == ResultWords.Benign && number.Metric == filter.TwinMetric)
                    .Select(number => (double?)number.Value).FirstOrDefault(),
            }).Take(MaxBoardCellRuns).ToListAsync(cancellation);
        return
        [
            .. found.Select(entry => new BoardCellRun
            {
                RunId = entry.Id,
                Name = entry.Name,
                Seed = entry.Seed,
                Created = entry.Created,
                State = entry.State,
                Outcome = entry.Outcome,
                Reason = entry.Reason,
                Notes = JsonText.List(entry.NotesJson),
                Value = entry.Outcome == CellOutcome.Value ? entry.Value : null,
                Twin = entry.Twin,
            }),
        ];
    }

    /// <summary>The runs of a board and what they contain, for planning its missing cells.</summary>
    /// <param name="filter">The board.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<BoardSources> BoardSourcesAsync(BoardFilter filter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var runs = Counting(context, Matrix(filter));
        var bases = await runs
            .OrderByDescending(run => run.Created).ThenByDescending(run => run.Id)
            .Select(run => new BoardBase(run.Id, run.Attack, run.ConfigHash, run.Seed))
            .ToListAsync(cancellation);
        var ids = bases.ConvertAll(run => run.RunId);
        var cells = context.Cells.Where(cell => ids.Contains(cell.RunId));
        return new(
            bases,
            await cells.GroupBy(cell => cell.Defense).Select(group => new { group.Key, RunId = group.Max(cell => cell.RunId)! })
                .ToDictionaryAsync(group => group.Key, group => group.RunId, cancellation),
            await cells.GroupBy(cell => cell.Precision).Select(group => new { group.Key, RunId = group.Max(cell => cell.RunId)! })
                .ToDictionaryAsync(group => group.Key, group => group.RunId, cancellation));
    }

    /// <summary>The specs of runs, by id; unknown ids are absent.</summary>
    /// <param name="runIds">Runs.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyDictionary<string, string>> SpecsAsync(IReadOnlyCollection<string> runIds, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await SpecsAsync(context, runIds, cancellation);
    }

    private static Task<Dictionary<string, string>> SpecsAsync(LabDbContext context, IReadOnlyCollection<string> runIds, CancellationToken cancellation) =>
        context.RunTexts.AsNoTracking()
            .Where(text => runIds.Contains(text.RunId))
            .ToDictionaryAsync(text => text.RunId, text => text.SpecJson, cancellation);

    /// <summary>Runs of these configurations outside the trash, newest first.</summary>
    /// <param name="configHashes">Hashes of specs without name and seed.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<RunItem>> OfConfigurationsAsync(IReadOnlyCollection<string> configHashes, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.Runs.AsNoTracking()
            .Where(run => configHashes.Contains(run.ConfigHash) && !run.Deleted)
            .OrderByDescending(run => run.Created).ThenByDescending(run => run.Id)
            .Select(RunFilters.ToItem)
            .ToListAsync(cancellation);
    }
}
