using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>
/// Cells and numbers of runs, and the one way in which they become a cell of a board or a matrix. Every finished cell
/// counts, whatever became of its run; what was measured on a model that is no victim is set apart.
/// </summary>
internal sealed class ConditionReading
{
    private static readonly string[] OfBackdoored =
    [
        Metric.CleanAccuracy.Id,
        Metric.AttackSuccessRate.Id,
        Judging.OfModels.Detection,
        Judging.OfSamples.Detection,
    ];

    private static readonly string[] OfBenign = [Judging.OfModels.Alarms, Judging.OfSamples.Alarms];
    private readonly Dictionary<(string RunId, string Precision, string Defense), List<NumberFact>> _numbers;

    private ConditionReading(
        IReadOnlyDictionary<string, RunFact> runs,
        IReadOnlyList<CellFact> cells,
        IEnumerable<NumberFact> numbers
    )
    {
        (Runs, Cells) = (runs, cells);
        _numbers = [];
        foreach (var number in numbers)
        {
            if (!_numbers.TryGetValue((number.RunId, number.Precision, number.Defense), out var own))
            {
                _numbers[(number.RunId, number.Precision, number.Defense)] = own = [];
            }

            own.Add(number);
        }

        foreach (var cell in cells)
        {
            cell.Numbers = _numbers.GetValueOrDefault((cell.RunId, cell.Precision, cell.Defense), []);
        }
    }

    /// <summary>Runs that have cells, by id.</summary>
    public IReadOnlyDictionary<string, RunFact> Runs { get; }

    /// <summary>Cells of the model that was asked for.</summary>
    public IReadOnlyList<CellFact> Cells { get; }

    /// <summary>
    /// Runs that may have numbers: not drafts, not in the trash, and no checks, which know neither attack nor twin.
    /// </summary>
    public static IQueryable<Run> Counting(LabDbContext context, MatrixFilter filter)
    {
        var runs = context
            .Runs.AsNoTracking()
            .Where(run =>
                !run.Deleted
                && run.Attempt > 0
                && run.State != RunState.Draft
                && run.Attack != KnownLabels.UnknownAttack
            );
        runs = filter.Dataset is null ? runs : runs.Where(run => run.Dataset == filter.Dataset);
        runs = filter.Model is null ? runs : runs.Where(run => run.Model == filter.Model);
        runs = filter.Attack is null ? runs : runs.Where(run => run.Attack == filter.Attack);
        runs = filter.PoisonRate is null ? runs : runs.Where(run => run.PoisonRate == filter.PoisonRate);
        return filter.Condition is null ? runs : runs.Where(run => run.ConditionKey == filter.Condition);
    }

    /// <summary>The same of a board.</summary>
    public static IQueryable<Run> Counting(LabDbContext context, BoardFilter filter) =>
        Counting(
            context,
            new MatrixFilter
            {
                Dataset = filter.Dataset,
                Model = filter.Model,
                PoisonRate = filter.PoisonRate,
                Attack = filter.Rows == BoardRows.Precisions ? filter.Attack : null,
            }
        );

    /// <summary>Reads runs in three statements.</summary>
    public static async Task<ConditionReading> ReadAsync(
        LabDbContext context,
        IQueryable<Run> runs,
        ReadingFilter filter,
        CancellationToken cancellation
    )
    {
        var facts = await runs.Select(run => new RunFact(
                run.Id,
                run.Attack,
                run.ConditionKey,
                run.Seed,
                run.State,
                run.Created,
                run.BackdooredDamage,
                run.BenignDamage
            ))
            .ToDictionaryAsync(run => run.Id, cancellation);

        // As a list of ids, which leads SQLite from the runs to their rows.
        var ids = facts.Keys.ToList();
        var cells = context.Cells.AsNoTracking().Where(cell => ids.Contains(cell.RunId));
        cells = filter.Precision is null ? cells : cells.Where(cell => cell.Precision == filter.Precision);
        var planned = await cells
            .Where(cell => cell.Victim == filter.Victim)
            .Select(cell => new CellFact(
                cell.RunId,
                cell.Precision,
                cell.PrecisionKey,
                cell.Defense,
                cell.DefenseKey,
                cell.Outcome,
                cell.Reason,
                cell.NotesJson,
                cell.Verdict
            ))
            .ToListAsync(cancellation);
        var numbers = await (
            from cell in cells
            where cell.Outcome == Outcome.Value
            join number in context.Measurements.AsNoTracking()
                on new
                {
                    cell.RunId,
                    cell.Victim,
                    cell.Precision,
                    cell.Defense,
                } equals new
                {
                    number.RunId,
                    number.Victim,
                    number.Precision,
                    number.Defense,
                }
            where
                (number.Victim == filter.Victim && number.Metric == filter.Metric)
                || (
                    number.Victim == Victim.Benign
                    && (number.Metric == filter.TwinMetric || OfBenign.Contains(number.Metric))
                )
                || (number.Victim == Victim.Backdoored && OfBackdoored.Contains(number.Metric))
            select new NumberFact(
                number.RunId,
                number.Victim,
                number.Precision,
                number.Defense,
                number.Metric,
                number.Value
            )
        ).ToListAsync(cancellation);
        var planning = planned.Select(cell => cell.RunId).ToHashSet();
        return new(facts.Where(run => planning.Contains(run.Key)).ToDictionary(), planned, numbers);
    }

    /// <summary>Makes a cell of what several runs have of it.</summary>
    /// <param name="filter">Which numbers.</param>
    /// <param name="row">Id of the row.</param>
    /// <param name="cells">The cells, one for each run.</param>
    public BoardCell Summarize(ReadingFilter filter, string row, string defense, IReadOnlyCollection<CellFact> cells)
    {
        var newest = cells
            .OrderByDescending(cell => Runs[cell.RunId].Created)
            .ThenByDescending(cell => cell.RunId, StringComparer.Ordinal)
            .ToList();
        var seeds = newest
            .GroupBy(cell => (Runs[cell.RunId].Condition, Runs[cell.RunId].Seed))
            .Select(seed => seed.FirstOrDefault(cell => cell.Outcome == Outcome.Value) ?? seed.First())
            .ToList();
        var rates = Rates();
        return new()
        {
            Row = row,
            Defense = defense,
            Value = Stat(cell => Number(cell, filter.Victim, filter.Metric), filter.Victim, filter.Repeatable),
            Twin = filter.TwinMetric is { } twin
                ? Stat(cell => Number(cell, Victim.Benign, twin), Victim.Benign, filter.Repeatable)
                : null,
            Detection = Stat(cell => Number(cell, Victim.Backdoored, rates.Detection), Victim.Backdoored),
            Alarms = Stat(Alarms, Victim.Benign),
            Youden = Stat(cell => Number(cell, Victim.Backdoored, rates.Detection) - Alarms(cell), Victim.Backdoored),
            Change = defense.Length == 0 ? null : Change(),
            Damaged = newest
                .Where(cell => IsDamaged(cell, filter.Victim) && Number(cell, filter.Victim, filter.Metric) is not null)
                .Select(cell => (Runs[cell.RunId].Condition, Runs[cell.RunId].Seed))
                .Distinct()
                .Count(),
            Undecided = Judging.OfModels.Has(filter.Metric)
                ? seeds.Count(cell => cell.Verdict == Decision.NotDecidable)
                : 0,
            Outcomes = seeds.CountBy(cell => cell.Outcome).ToDictionary(),
            Waiting = seeds.Count(cell =>
                cell.Outcome == Outcome.NotRun
                && Runs[cell.RunId].State is RunState.Queued or RunState.Running or RunState.Cancelling
            ),
            Reason =
                BoardCell
                    .ByWeight.Skip(1)
                    .Select(outcome =>
                        seeds
                            .Where(cell => cell.Outcome == outcome && cell.Reason.Length > 0)
                            .Select(cell => cell.Reason)
                            .Max(StringComparer.Ordinal)
                    )
                    .FirstOrDefault(reason => reason is not null)
                ?? "",
            Parts = [.. newest.Select(cell => new BoardPart(cell.RunId, cell.Precision, cell.Defense))],
        };

        SeedStat? Stat(Func<CellFact, double?> number, Victim victim, bool repeatable = true) =>
            SeedStat.Of(
                newest
                    .Where(cell => filter.Damaged || !IsDamaged(cell, victim))
                    .Select(cell => (Run: Runs[cell.RunId], Value: number(cell)))
                    .Where(entry => entry.Value is not null)
                    .Select(entry => new SeedValue(entry.Run.Condition, entry.Run.Seed, entry.Value!.Value)),
                repeatable
            );

        double? Alarms(CellFact cell) =>
            filter.Damaged || !IsDamaged(cell, Victim.Benign) ? Number(cell, Victim.Benign, rates.Alarms) : null;

        // Of models or of samples: by the board's metric, and else the one that the defense has.
        Judging Rates() =>
            Judging.OfModels.Has(filter.Metric) ? Judging.OfModels
            : Judging.OfSamples.Has(filter.Metric) ? Judging.OfSamples
            : newest.Exists(cell => Number(cell, Victim.Backdoored, Judging.OfModels.Detection) is not null)
                ? Judging.OfModels
            : Judging.OfSamples;

        // Only runs with all four numbers, so that the ends of an arrow are the same models.
        BoardPair? Change()
        {
            SeedStat? Of(Func<CellFact, double?> number) =>
                Stat(
                    cell =>
                        Accuracy(cell) is null
                        || Success(cell) is null
                        || Before(cell, Metric.CleanAccuracy.Id) is null
                        || Before(cell, Metric.AttackSuccessRate.Id) is null
                            ? null
                            : number(cell),
                    Victim.Backdoored
                );
            return Of(cell => Before(cell, Metric.CleanAccuracy.Id) - Accuracy(cell)) is not { } lost
                ? null
                : new(lost, Of(cell => Before(cell, Metric.AttackSuccessRate.Id))!, Of(Success)!);
        }

        double? Before(CellFact cell, string metric) =>
            Number(
                _numbers.GetValueOrDefault((cell.RunId, cell.Precision, KnownLabels.Undefended), []),
                Victim.Backdoored,
                metric
            );

        double? Accuracy(CellFact cell) => Number(cell, Victim.Backdoored, Metric.CleanAccuracy.Id);

        double? Success(CellFact cell) => Number(cell, Victim.Backdoored, Metric.AttackSuccessRate.Id);
    }

    private bool IsDamaged(CellFact cell, Victim victim) =>
        (victim == Victim.Benign ? Runs[cell.RunId].BenignDamage : Runs[cell.RunId].BackdooredDamage).Length > 0;

    private static double? Number(CellFact cell, Victim victim, string metric) => Number(cell.Numbers, victim, metric);

    private static double? Number(List<NumberFact> numbers, Victim victim, string metric)
    {
        foreach (var number in numbers)
        {
            if (number.Metric == metric && number.Victim == victim)
            {
                return number.Value;
            }
        }

        return null;
    }
}

/// <summary>What of a run a reading needs.</summary>
internal sealed record RunFact(
    string Id,
    string Attack,
    string Condition,
    long Seed,
    RunState State,
    DateTime Created,
    string BackdooredDamage,
    string BenignDamage
);

/// <summary>A cell of a run.</summary>
internal sealed record CellFact(
    string RunId,
    string Precision,
    string PrecisionKey,
    string Defense,
    string DefenseKey,
    Outcome Outcome,
    string Reason,
    string NotesJson,
    Decision? Verdict
)
{
    /// <summary>Its numbers, those of the twin too.</summary>
    public List<NumberFact> Numbers { get; set; } = [];
}

/// <summary>A number of a cell that has a value.</summary>
internal sealed record NumberFact(
    string RunId,
    Victim Victim,
    string Precision,
    string Defense,
    string Metric,
    double Value
);

/// <summary>Which cells and numbers are read.</summary>
/// <param name="Victim">Model of the cells and of the metric.</param>
/// <param name="Metric">Metric.</param>
/// <param name="TwinMetric">Metric of the benign twin, or null.</param>
/// <param name="Precision">Only this precision, or null.</param>
/// <param name="Repeatable">Whether repeats of a seed must agree.</param>
/// <param name="Damaged">Whether models that are no victims count.</param>
internal sealed record ReadingFilter(
    Victim Victim,
    string Metric,
    string? TwinMetric,
    string? Precision,
    bool Repeatable,
    bool Damaged
);
