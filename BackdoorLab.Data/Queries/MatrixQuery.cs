using BackdoorLab.Data.Database;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>One metric over defenses and precisions.</summary>
public sealed class MatrixQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>How many conditions a matrix offers at most.</summary>
    public const int MaxConditions = 200;

    /// <summary>
    /// One metric over defense x precision, of one condition: its seeds are averaged, as <see cref="SeedStat"/> says.
    /// Finished cells of a run that is still running, broke off or was cancelled count as any others.
    /// </summary>
    /// <param name="filter">Which runs, and which of their two models.</param>
    public async Task<ResultMatrix> ReadAsync(
        MatrixFilter filter,
        string metric,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentException.ThrowIfNullOrEmpty(metric);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var conditions = await ConditionsAsync(context, filter, cancellation);
        var condition =
            conditions.FirstOrDefault(candidate => candidate.Key == filter.Condition) ?? conditions.FirstOrDefault();
        if (condition is null)
        {
            return new(metric, [], [], [], 0, [], null);
        }

        ReadingFilter wanted = new(filter.Victim, metric, null, null, Repeatable: true, filter.Damaged);
        var reading = await ConditionReading.ReadAsync(
            context,
            ConditionReading.Counting(context, filter with { Condition = condition.Key }),
            wanted,
            cancellation
        );
        var texts = await BoardPlaces.TextsAsync(
            context,
            [
                .. reading
                    .Cells.Select(cell => cell.DefenseKey)
                    .Concat(reading.Cells.Select(cell => cell.PrecisionKey))
                    .Distinct(),
            ],
            cancellation
        );
        var defenses = BoardPlaces.Columns(
            reading.Cells.Select(cell => (cell.Defense, cell.DefenseKey)).Distinct(),
            texts
        );
        var precisions = BoardPlaces.Columns(
            reading.Cells.Select(cell => (cell.Precision, cell.PrecisionKey)).Distinct(),
            texts
        );
        var cells = reading
            .Cells.GroupBy(cell =>
                (
                    Defense: BoardPlaces.ColumnOf(defenses, cell),
                    Precision: precisions[cell.PrecisionKey.Length > 0 ? cell.PrecisionKey : cell.Precision]
                )
            )
            .Select(group => Cell(reading, wanted, group.Key.Defense, group.Key.Precision, [.. group]))
            .ToList();
        return new ResultMatrix(
            metric,
            [.. Labels(cells, cell => cell.Precision, KnownLabels.ReferencePrecision)],
            [.. Labels(cells, cell => cell.Defense, KnownLabels.Undefended)],
            cells,
            reading.Runs.Count,
            conditions,
            condition
        );
    }

    private static async Task<IReadOnlyList<MatrixCondition>> ConditionsAsync(
        LabDbContext context,
        MatrixFilter filter,
        CancellationToken cancellation
    )
    {
        var found = await ConditionReading
            .Counting(context, filter with { Condition = null })
            .Where(run => context.Cells.Any(cell => cell.RunId == run.Id))
            .GroupBy(run => run.ConditionKey)
            .Select(group => new
            {
                group.Key,
                Dataset = group.Max(run => run.Dataset)!,
                Model = group.Max(run => run.Model)!,
                Attack = group.Max(run => run.Attack)!,
                PoisonRate = group.Max(run => run.PoisonRate),
                Seeds = group.Select(run => run.Seed).Distinct().Count(),
                Runs = group.Count(),
                Newest = group.Max(run => run.Created),
            })
            .OrderByDescending(group => group.Seeds)
            .ThenByDescending(group => group.Newest)
            .ThenBy(group => group.Key)
            .ToListAsync(cancellation);
        var shown = found.Where((group, place) => place < MaxConditions || group.Key == filter.Condition).ToList();
        var texts = await BoardPlaces.TextsAsync(context, [.. shown.Select(group => group.Key)], cancellation);
        return
        [
            .. shown.Select(group => new MatrixCondition(
                group.Key,
                texts.GetValueOrDefault(group.Key, "{}"),
                group.Dataset,
                group.Model,
                group.Attack,
                group.PoisonRate,
                group.Seeds,
                group.Runs
            )),
        ];
    }

    private static MatrixCell Cell(
        ConditionReading reading,
        ReadingFilter wanted,
        string defense,
        string precision,
        IReadOnlyList<CellFact> cells
    )
    {
        var cell = reading.Summarize(wanted, precision, defense, cells);
        return new()
        {
            Defense = defense,
            Precision = precision,
            Value = cell.Value,
            Damaged = wanted.Damaged ? 0 : cell.Damaged,
            Undecided = cell.Undecided,
            Outcomes = cell.Outcomes,
            Reasons = MostFrequent(cells.Where(part => part.Outcome != Outcome.Value).Select(part => part.Reason)),
            Notes = MostFrequent(cells.SelectMany(part => JsonText.List(part.NotesJson))),
            RunIds = [.. cell.Parts.Select(part => part.RunId)],
        };
    }

    private static IReadOnlyList<string> MostFrequent(IEnumerable<string> texts) =>
        [
            .. texts
                .Where(text => text.Length > 0)
                .CountBy(text => text)
                .OrderByDescending(count => count.Value)
                .ThenBy(count => count.Key, StringComparer.Ordinal)
                .Select(count => count.Key),
        ];

    private static IEnumerable<string> Labels(
        IEnumerable<MatrixCell> cells,
        Func<MatrixCell, string> label,
        string first
    ) => cells.Select(label).Distinct().OrderBy(text => text != first).ThenBy(text => text, StringComparer.Ordinal);
}
