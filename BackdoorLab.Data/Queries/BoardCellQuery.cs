using BackdoorLab.Data.Database;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>What stands behind a leaderboard's cells, and what could fill the missing ones.</summary>
public sealed class BoardCellQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>How many runs <see cref="RunsAsync"/> lists at most.</summary>
    public const int MaxRuns = 200;

    /// <summary>A number of one cell in several runs, by run; runs without it are absent.</summary>
    public async Task<IReadOnlyDictionary<string, double>> ValuesAsync(
        IReadOnlyCollection<string> runIds,
        CellId cell,
        string metric,
        CancellationToken cancellation = default
    )
    {
        var (victim, precision, defense) = (cell.Victim, cell.Precision, cell.DefenseLabel);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .Measurements.AsNoTracking()
            .Where(number =>
                runIds.Contains(number.RunId)
                && number.Victim == victim
                && number.Precision == precision
                && number.Defense == defense
                && number.Metric == metric
            )
            .ToDictionaryAsync(number => number.RunId, number => number.Value, cancellation);
    }

    /// <summary>
    /// The runs of a cell, newest first, at most <see cref="MaxRuns"/>; the cell says how many there are.
    /// </summary>
    /// <param name="of">One of its cells.</param>
    public async Task<IReadOnlyList<BoardCellRun>> RunsAsync(
        Board board,
        BoardCell of,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(board);
        ArgumentNullException.ThrowIfNull(of);
        var filter = board.Filter;
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var parts = of.Parts.Take(MaxRuns).ToList();
        var ids = parts.ConvertAll(part => part.RunId);
        var runs = await context
            .Runs.AsNoTracking()
            .Where(run => ids.Contains(run.Id))
            .Select(RunItems.ToItem)
            .ToDictionaryAsync(run => run.Id, cancellation);
        var cells = await CellRows.ReadAsync(context, context.Runs.Where(run => ids.Contains(run.Id)), cancellation);
        return
        [
            .. from part in parts
            where runs.ContainsKey(part.RunId)
            let run = runs[part.RunId]
            let own = Find(part, filter.Victim)
            where own is not null
            select new BoardCellRun
            {
                RunId = run.Id,
                Name = run.Name,
                Seed = run.Seed,
                Created = run.Created,
                State = run.State,
                Damage = filter.Victim == Victim.Benign ? run.BenignDamage : run.BackdooredDamage,
                Outcome = own.Outcome,
                Reason = own.Reason,
                Notes = own.Notes,
                Value = own.Outcome == Outcome.Value ? own.Value(filter.Metric) : null,
                Twin = filter.TwinMetric is { } twin ? Find(part, Victim.Benign)?.Value(twin) : null,
            },
        ];

        CellResult? Find(BoardPart part, Victim victim) =>
            cells[part.RunId].FirstOrDefault(cell => cell.Id == CellColumns.Read(victim, part.Precision, part.Defense));
    }

    /// <summary>The runs of a board and what they contain, for planning its missing cells.</summary>
    public async Task<BoardSources> SourcesAsync(BoardFilter filter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var bases = await ConditionReading
            .Counting(context, filter)
            .Where(run => context.Cells.Any(cell => cell.RunId == run.Id))
            .OrderByDescending(run => run.Created)
            .ThenByDescending(run => run.Id)
            .Select(run => new BoardBase(run.Id, run.Attack, run.ConfigHash, run.Seed))
            .ToListAsync(cancellation);
        var ids = bases.ConvertAll(run => run.RunId);
        var cells = context.Cells.Where(cell => ids.Contains(cell.RunId));
        return new(
            bases,
            await cells
                .GroupBy(cell => cell.Defense)
                .Select(group => new { group.Key, RunId = group.Max(cell => cell.RunId)! })
                .ToDictionaryAsync(group => group.Key, group => group.RunId, cancellation),
            await cells
                .GroupBy(cell => cell.Precision)
                .Select(group => new { group.Key, RunId = group.Max(cell => cell.RunId)! })
                .ToDictionaryAsync(group => group.Key, group => group.RunId, cancellation)
        );
    }
}
