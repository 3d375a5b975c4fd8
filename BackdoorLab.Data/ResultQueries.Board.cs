using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data;

/// <content>The leaderboard.</content>
public sealed partial class ResultQueries
{
    private static readonly RunState[] Waiting = [RunState.Queued, RunState.Running, RunState.Cancelling];

    /// <summary>
    /// What a leaderboard can be asked. What is null or unknown becomes what most runs have, so the answer names a board that exists.
    /// </summary>
    /// <param name="dataset">Data set.</param>
    /// <param name="model">Network.</param>
    /// <param name="rate">Poison rate.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<BoardChoices> BoardChoicesAsync(string? dataset, string? model, double? rate, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var pairs = await context.Runs.AsNoTracking()
            .Where(run => !run.Deleted && run.Attack != ResultWords.UnknownAttack)
            .GroupBy(run => new { run.Dataset, run.Model })
            .Select(group => new { group.Key.Dataset, group.Key.Model, Count = group.Count() })
            .OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Dataset).ThenBy(pair => pair.Model)
            .ToListAsync(cancellation);
        var pair = pairs.Find(pair => pair.Dataset == dataset && pair.Model == model)
            ?? pairs.Find(pair => pair.Dataset == dataset)
            ?? (dataset is null ? pairs.Find(pair => pair.Model == model) : null)
            ?? pairs.FirstOrDefault();
        if (pair is null)
        {
            return new([], [], [], [], [], null, null, 0);
        }

        var runs = context.Runs.AsNoTracking().Where(
            run => !run.Deleted && run.Attack != ResultWords.UnknownAttack && run.Dataset == pair.Dataset && run.Model == pair.Model);
        var counts = await runs
            .GroupBy(run => new { run.Attack, run.PoisonRate })
            .Select(group => new { group.Key.Attack, Rate = group.Key.PoisonRate, Count = group.Count() })
            .ToListAsync(cancellation);
        var rates = counts.GroupBy(count => count.Rate).OrderByDescending(group => group.Sum(count => count.Count)).ThenBy(group => group.Key).Select(group => group.Key).ToList();
        var chosen = rate is { } wanted && rates.Contains(wanted) ? wanted : rates[0];
        var precisions = await (
            from run in runs.Where(run => run.PoisonRate == chosen)
            join cell in context.Cells on run.Id equals cell.RunId
            select cell.Precision).Distinct().ToListAsync(cancellation);
        return new(
            [.. pairs.Select(other => other.Dataset).Distinct().Order(StringComparer.Ordinal)],
            [.. pairs.Where(other => other.Dataset == pair.Dataset).Select(other => other.Model).Order(StringComparer.Ordinal)],
            [.. rates.Order()],
            [.. counts.Where(count => count.Rate.Equals(chosen)).Select(count => count.Attack).Order(StringComparer.Ordinal)],
            [.. precisions.OrderBy(label => label != ResultWords.ReferencePrecision).ThenBy(label => label, StringComparer.Ordinal)],
            pair.Dataset,
            pair.Model,
            chosen);
    }

    /// <summary>
    /// The leaderboard. Which runs count is decided as for the matrix (<see cref="MatrixAsync"/>): of runs with the same configuration and
    /// seed only one. Runs of one seed that reach the same cell, because a later run has one defense more, are averaged before seeds are.
    /// </summary>
    /// <param name="filter">Which runs and numbers.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<Board> BoardAsync(BoardFilter filter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var ids = await Counting(context, Matrix(filter)).Select(run => run.Id).ToListAsync(cancellation);
        var outcomes = await OutcomesAsync(context, filter, ids, cancellation);
        var numbers = await NumbersAsync(context, filter, ids, cancellation);
        var cells = outcomes
            .GroupBy(count => (count.Row, count.Defense))
            .Select(group => Cell(filter, group.Key.Row, group.Key.Defense, [.. group], numbers))
            .ToList();
        return new(
            filter,
            [.. cells.Select(cell => cell.Row).Distinct().OrderBy(row => row != ResultWords.ReferencePrecision).ThenBy(row => row, StringComparer.Ordinal)],
            [.. cells.Select(cell => cell.Defense).Distinct().Order(StringComparer.Ordinal)],
            cells,
            ids.Count);
    }

    private static MatrixFilter Matrix(BoardFilter filter) => new()
    {
        Dataset = filter.Dataset,
        Model = filter.Model,
        PoisonRate = filter.PoisonRate,
        Attack = filter.Rows == BoardRows.Precisions ? filter.Attack : null,
    };

    private static async Task<List<OutcomeCount>> OutcomesAsync(LabDbContext context, BoardFilter filter, List<string> ids, CancellationToken cancellation)
    {
        var cells =
            from run in context.Runs.AsNoTracking().Where(run => ids.Contains(run.Id))
            join cell in context.Cells on run.Id equals cell.RunId
            where cell.Victim == filter.Victim
            select new { Run = run, Cell = cell };
        if (filter.Rows == BoardRows.Attacks)
        {
            cells = cells.Where(pair => pair.Cell.Precision == filter.Precision);
        }

        var byPrecision = filter.Rows == BoardRows.Precisions;
        return await cells
            .GroupBy(pair => new
            {
                Row = byPrecision ? pair.Cell.Precision : pair.Run.Attack,
                pair.Cell.Defense,
                pair.Cell.Outcome,
                Waiting = pair.Cell.Outcome == CellOutcome.NotRun && Waiting.Contains(pair.Run.State),
            })
            .Select(group => new OutcomeCount(
                group.Key.Row,
                group.Key.Defense,
                group.Key.Outcome,
                group.Key.Waiting,
                group.Count(),
                group.Max(pair => pair.Cell.Reason) ?? "",
                group.Min(pair => pair.Cell.RunId)!))
            .ToListAsync(cancellation);
    }

    // A number a seed; the spread over seeds is computed here, where two passes lose no digits.
    private static async Task<ILookup<(string Row, string Defense, string Victim, string Metric), SeedValue>> NumbersAsync(
        LabDbContext context, BoardFilter filter, List<string> ids, CancellationToken cancellation)
    {
        string[] plane = [ResultWords.CleanAccuracy, ResultWords.AttackSuccessRate];
        var rows =
            from run in context.Runs.AsNoTracking().Where(run => ids.Contains(run.Id))
            join cell in context.Cells on run.Id equals cell.RunId
            where cell.Outcome == CellOutcome.Value
            join number in context.Measurements
                on new { cell.RunId, cell.Victim, cell.Precision, cell.Defense } equals new { number.RunId, number.Victim, number.Precision, number.Defense }
            where (number.Victim == filter.Victim && number.Metric == filter.Metric)
                || (number.Victim == ResultWords.Benign && number.Metric == filter.TwinMetric)
                || (number.Victim == ResultWords.Backdoored && plane.Contains(number.Metric))
            select new { Run = run, Number = number };
        if (filter.Rows == BoardRows.Attacks)
        {
            rows = rows.Where(pair => pair.Number.Precision == filter.Precision);
        }

        var byPrecision = filter.Rows == BoardRows.Precisions;
        var values = await rows
            .GroupBy(pair => new
            {
                Row = byPrecision ? pair.Number.Precision : pair.Run.Attack,
                pair.Number.Defense,
                pair.Number.Victim,
                pair.Number.Metric,
                pair.Run.Seed,
            })
            .Select(group => new
            {
                group.Key,
                Value = new SeedValue(
                    group.Average(pair => pair.Number.Value), group.Min(pair => pair.Number.Value), group.Max(pair => pair.Number.Value)),
            })
            .ToListAsync(cancellation);
        return values.ToLookup(value => (value.Key.Row, value.Key.Defense, value.Key.Victim, value.Key.Metric), value => value.Value);
    }

    private static BoardCell Cell(
        BoardFilter filter,
        string row,
        string defense,
        IReadOnlyList<OutcomeCount> counts,
        ILookup<(string Row, string Defense, string Victim, string Metric), SeedValue> numbers)
    {
        BoardStat? Stat(string victim, string? metric) => metric is null ? null : Summarize([.. numbers[(row, defense, victim, metric)]]);
        return new BoardCell
        {
            Row = row,
            Defense = defense,
            Value = Stat(filter.Victim, filter.Metric),
            Twin = Stat(ResultWords.Benign, filter.TwinMetric),
            CleanAccuracy = Stat(ResultWords.Backdoored, ResultWords.CleanAccuracy),
            AttackSuccess = Stat(ResultWords.Backdoored, ResultWords.AttackSuccessRate),
            Outcomes = counts.GroupBy(count => count.Outcome).ToDictionary(group => group.Key, group => group.Sum(count => count.Count)),
            Waiting = counts.Where(count => count.Waiting).Sum(count => count.Count),
            Reason = BoardCell.ByWeight.Skip(1)
                .Select(outcome => counts.FirstOrDefault(count => count.Outcome == outcome && count.Reason.Length > 0)?.Reason)
                .FirstOrDefault(reason => reason is not null) ?? "",
            OnlyRun = counts.Sum(count => count.Count) == 1 ? counts[0].AnyRun : null,
        };
    }

    private static BoardStat? Summarize(IReadOnlyList<SeedValue> seeds)
    {
        var spread = Spread.Of([.. seeds.Select(seed => seed.Mean)]);
        return spread.Mean is not { } mean ? null : new(
            spread.N,
            mean,
            spread.StandardDeviation,
            seeds.Min(seed => seed.Minimum),
            seeds.Max(seed => seed.Maximum),
            seeds.Any(seed => seed.Maximum > seed.Minimum));
    }

    private sealed record OutcomeCount(string Row, string Defense, CellOutcome Outcome, bool Waiting, int Count, string Reason, string AnyRun);

    private sealed record SeedValue(double Mean, double Minimum, double Maximum);
}
