using BackdoorLab.Data.Database;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>The leaderboard, and what it can be asked.</summary>
public sealed class BoardQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>
    /// What a leaderboard can be asked. What is null or unknown becomes what most runs have, so the answer names a
    /// board that exists.
    /// </summary>
    public async Task<BoardChoices> ChoicesAsync(
        string? dataset,
        string? model,
        double? rate,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var pairs = await context
            .Runs.AsNoTracking()
            .Where(run => !run.Deleted && run.Attack != KnownLabels.UnknownAttack)
            .GroupBy(run => new { run.Dataset, run.Model })
            .Select(group => new
            {
                group.Key.Dataset,
                group.Key.Model,
                Count = group.Count(),
            })
            .OrderByDescending(pair => pair.Count)
            .ThenBy(pair => pair.Dataset)
            .ThenBy(pair => pair.Model)
            .ToListAsync(cancellation);
        var pair =
            pairs.Find(pair => pair.Dataset == dataset && pair.Model == model)
            ?? pairs.Find(pair => pair.Dataset == dataset)
            ?? (dataset is null ? pairs.Find(pair => pair.Model == model) : null)
            ?? pairs.FirstOrDefault();
        if (pair is null)
        {
            return new([], [], [], [], [], null, null, 0);
        }

        var runs = context
            .Runs.AsNoTracking()
            .Where(run =>
                !run.Deleted
                && run.Attack != KnownLabels.UnknownAttack
                && run.Dataset == pair.Dataset
                && run.Model == pair.Model
            );
        var counts = await runs.GroupBy(run => new { run.Attack, run.PoisonRate })
            .Select(group => new
            {
                group.Key.Attack,
                Rate = group.Key.PoisonRate,
                Count = group.Count(),
            })
            .ToListAsync(cancellation);
        var rates = counts
            .GroupBy(count => count.Rate)
            .OrderByDescending(group => group.Sum(count => count.Count))
            .ThenBy(group => group.Key)
            .Select(group => group.Key)
            .ToList();
        var chosen = rate is { } wanted && rates.Contains(wanted) ? wanted : rates[0];
        var precisions = await (
            from run in runs.Where(run => run.PoisonRate == chosen)
            join cell in context.Cells on run.Id equals cell.RunId
            select cell.Precision
        )
            .Distinct()
            .ToListAsync(cancellation);
        return new(
            [.. pairs.Select(other => other.Dataset).Distinct().Order(StringComparer.Ordinal)],
            [
                .. pairs
                    .Where(other => other.Dataset == pair.Dataset)
                    .Select(other => other.Model)
                    .Order(StringComparer.Ordinal),
            ],
            [.. rates.Order()],
            [
                .. counts
                    .Where(count => count.Rate.Equals(chosen))
                    .Select(count => count.Attack)
                    .Order(StringComparer.Ordinal),
            ],
            [
                .. precisions
                    .OrderBy(label => label != KnownLabels.ReferencePrecision)
                    .ThenBy(label => label, StringComparer.Ordinal),
            ],
            pair.Dataset,
            pair.Model,
            chosen
        );
    }

    /// <summary>
    /// The leaderboard. A row is one condition: numbers are averaged over seeds and over nothing else, unless the
    /// filter pools. Runs that reach the same cell of a condition and seed, because a later run has one defense more,
    /// are one observation (<see cref="SeedStat"/>).
    /// </summary>
    /// <param name="filter">Which runs and numbers.</param>
    public async Task<Board> ReadAsync(BoardFilter filter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        ReadingFilter wanted = new(
            filter.Victim,
            filter.Metric,
            filter.TwinMetric,
            filter.Rows == BoardRows.Attacks ? filter.Precision : null,
            filter.Repeatable,
            filter.Damaged
        );
        var reading = await ConditionReading.ReadAsync(
            context,
            ConditionReading.Counting(context, filter),
            wanted,
            cancellation
        );
        var rows = await BoardPlaces.ReadAsync(context, reading, filter, cancellation);
        var cells = reading
            .Cells.GroupBy(cell => (Row: rows.RowOf(cell), Defense: rows.ColumnOf(cell)))
            .Select(group => reading.Summarize(wanted, group.Key.Row, group.Key.Defense, [.. group]))
            .ToList();
        return new(
            filter,
            [
                .. rows
                    .Rows.Values.OrderBy(row => row.Label != KnownLabels.ReferencePrecision)
                    .ThenBy(row => row.Label, StringComparer.Ordinal)
                    .ThenByDescending(row => row.RunIds.Count)
                    .ThenBy(row => row.Id, StringComparer.Ordinal)
                    .Select(row => row.Id),
            ],
            [.. cells.Select(cell => cell.Defense).Distinct().Order(StringComparer.Ordinal)],
            cells,
            reading.Runs.Count
        )
        {
            Conditions = rows.Rows,
        };
    }
}
