using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Studies;

/// <summary>One defense at one precision on all models of a setting.</summary>
internal sealed class CellSample
{
    private const double FalsePositives = 0.05;

    // With fewer twins a threshold that flags none of them still flags more than one in twenty others on average, 1 /
    // (n + 1).
    private const int EnoughTwins = 19;

    // Models are counted by these, not averaged, and false positives belong to the benign twins.
    private static readonly string[] NotAveraged =
    [
        Metric.DetectionRate.Id,
        Metric.FalsePositiveRate.Id,
        Metric.TargetLabelHit.Id,
        Metric.SampleFalsePositiveRate.Id,
        Metric.DetectorThreshold.Id,
    ];

    // What a rule could have said is told of both kinds of model.
    private static readonly string[] BesideTwins =
    [
        InversionNumbers.AnomalyIndex.Id,
        InversionNumbers.LogAnomalyIndex.Id,
        InversionNumbers.IndexCeiling.Id,
    ];

    private readonly string _precision;
    private readonly Defense? _defense;
    private readonly string? _label;
    private readonly IReadOnlyList<(Victim Victim, int Seed, string Run, CellResult? Cell)> _models;

    internal CellSample(IReadOnlyList<StudyRun> runs, string precision, Defense? defense)
    {
        (_precision, _defense) = (precision, defense);
        _label = defense is null ? null : MethodCatalog.Default.Label(defense);
        _models =
        [
            .. runs.SelectMany(run =>
                run.Spec.Origin.Victims.Select(victim =>
                    (
                        victim,
                        run.Spec.Seed,
                        run.Id,
                        run.Cells.FirstOrDefault(cell => cell.Id == new CellId(victim, precision, _label))
                    )
                )
            ),
        ];
        Role = defense switch
        {
            null => StudyRole.Undefended,
            Mitigator => StudyRole.Repair,
            { JudgesModels: true } => StudyRole.Models,
            InputFilter => StudyRole.Inputs,
            _ => StudyRole.Samples,
        };
    }

    private StudyRole Role { get; }

    /// <summary>The cell, compared with the same models at <paramref name="reference"/> unless it is null.</summary>
    internal StudyCell Summarize(CellSample? reference)
    {
        var values = new Dictionary<string, StudyValue>();
        var changes = new Dictionary<string, StudyChange>();
        foreach (var metric in Metrics().Except(NotAveraged))
        {
            Average(metric, Victim.Backdoored, metric);
        }

        Average(Metric.BenignCleanAccuracy.Id, Victim.Benign, Metric.CleanAccuracy.Id);
        Average(Metric.BenignAttackSuccessRate.Id, Victim.Benign, Metric.AttackSuccessRate.Id);
        if (Role == StudyRole.Models)
        {
            Count(Metric.DetectionRate.Id, Victim.Backdoored, Flagged);
            Count(Metric.FalsePositiveRate.Id, Victim.Benign, Flagged);
            foreach (var metric in Metrics().Intersect(BesideTwins))
            {
                Average(MetricCatalog.Find(metric).OfTwins().Id, Victim.Benign, metric);
            }

            Count(
                Metric.TargetLabelHit.Id,
                Victim.Backdoored,
                cell => Number(cell, Metric.TargetLabelHit.Id) is { } hit ? hit > 0.5 : null
            );
        }

        Average(Metric.SampleFalsePositiveRate.Id, Victim.Benign, Metric.SampleFalsePositiveRate.Id);
        Rank(values);
        return new()
        {
            Precision = _precision,
            Defense = _label,
            Role = Role,
            ReleasedVariantOf = _defense?.ReleasedVariantOf,
            Values = values,
            Changes = changes,
            Scores = Scores(),
            ScoreMetric = _defense?.ModelScore ?? "",
            Threshold =
                _defense is ModelDetector
                    ? _models
                        .Select(model => Number(model.Cell, Metric.DetectorThreshold.Id))
                        .FirstOrDefault(cut => cut is not null)
                    : null,
            Outcomes =
            [
                .. _models.Select(model => new StudyOutcome(
                    model.Victim,
                    model.Seed,
                    model.Cell?.Outcome ?? Outcome.NotRun,
                    model.Cell?.Reason ?? "",
                    model.Run,
                    model.Cell?.Verdict
                )),
            ],
            Notes =
            [
                .. _models
                    .SelectMany(model => model.Cell?.Notes ?? [])
                    .CountBy(note => note)
                    .OrderByDescending(count => count.Value)
                    .ThenBy(count => count.Key, StringComparer.Ordinal)
                    .Select(count => count.Key),
                .. FewTwins(),
            ],
        };

        void Average(string id, Victim victim, string metric)
        {
            var numbers = Of(victim, cell => Number(cell, metric)).ToArray();
            Put(id, Mean(Array.ConvertAll(numbers, number => number.Value), MetricCatalog.Find(metric).Range));
            if (reference is not null)
            {
                var pairs = Pairs(reference, victim, cell => Number(cell, metric));
                Change(id, pairs, MetricCatalog.Find(metric).Range, null, null);
            }
        }

        void Count(string id, Victim victim, Func<CellResult?, bool?> holds)
        {
            var answers = Of(
                    victim,
                    cell =>
                        holds(cell) is { } yes
                            ? yes
                                ? 1.0
                                : 0.0
                            : null
                )
                .Select(answer => answer.Value)
                .ToArray();
            if (answers.Length > 0)
            {
                var share = new Share((int)answers.Sum(), answers.Length);
                Put(id, new(share.Value, share.Interval.Low, share.Interval.High, answers.Length));
            }

            if (reference is not null)
            {
                var pairs = Pairs(
                    reference,
                    victim,
                    cell =>
                        holds(cell) is { } yes
                            ? yes
                                ? 1.0
                                : 0.0
                            : null
                );
                Change(
                    id,
                    pairs,
                    (0, 1),
                    (pairs.Count(pair => pair.Before > pair.After), pairs.Count(pair => pair.After > pair.Before)),
                    UndecidedPairs(reference, victim)
                );
            }
        }

        void Put(string id, StudyValue? value)
        {
            if (value is not null)
            {
                values[id] = value;
            }
        }

        void Change(
            string id,
            (double Before, double After)[] pairs,
            (double Low, double High) range,
            (int Lost, int Gained)? discordant,
            int? undecided
        )
        {
            if (pairs.Length > 0)
            {
                // Of the pairs, not of the sides: what a pair shares (its seed, its data) cancels.
                var difference = Mean(
                    Array.ConvertAll(pairs, pair => pair.After - pair.Before),
                    (range.Low - range.High, range.High - range.Low)
                )!;
                changes[id] = discordant is var (lost, gained)
                    ? new(difference, lost, gained, McNemar.Exact(lost, gained), undecided)
                    : new(difference);
            }
        }
    }

    private IEnumerable<string> Metrics() =>
        _models
            .Where(model => model is { Victim: Victim.Backdoored, Cell.Outcome: Outcome.Value })
            .SelectMany(model => model.Cell!.Measurements)
            .Select(measurement => measurement.Metric)
            .Distinct();

    // Thresholds and curves over models, set on benign twins of this very precision.
    private void Rank(Dictionary<string, StudyValue> values)
    {
        var scores = Scores();
        double[] bad = [.. scores.Where(score => score.Victim == Victim.Backdoored).Select(score => score.Score)];
        double[] good = [.. scores.Where(score => score.Victim == Victim.Benign).Select(score => score.Score)];
        if (bad.Length == 0 || good.Length == 0)
        {
            return;
        }

        var models = Math.Min(bad.Length, good.Length);
        var area = RocCurve.Auroc(good, bad);
        var found = RocCurve.Of(good, bad).TruePositiveRateAt(FalsePositives);
        var (areas, shares) = (
            Intervals.Auroc(area, good.Length, bad.Length),
            Intervals.ClopperPearson((int)Math.Round(found * bad.Length), bad.Length)
        );
        values[Metric.Auroc.Id] = models < 2 ? new(area, null, null, models) : new(area, areas.Low, areas.High, models);
        values[Metric.DetectionRateAtFivePercent.Id] =
            models < 2 ? new(found, null, null, models) : new(found, shares.Low, shares.High, models);
    }

    private IEnumerable<string> FewTwins()
    {
        var scores = Scores();
        var twins = scores.Count(score => score.Victim == Victim.Benign);
        if (twins is > 0 and < EnoughTwins && twins < scores.Count)
        {
            yield return FormattableString.Invariant(
                $"{Metric.DetectionRateAtFivePercent.ShortName} with {twins} {(twins == 1 ? "twin" : "twins")}: the threshold flags none of them, which promises no less than one in {twins + 1} of further benign models; {EnoughTwins} twins would promise 5 %. Its interval is that of the share of backdoored models above this threshold."
            );
        }
    }

    private List<StudyScore> Scores() =>
        _defense?.ModelScore is { } metric
            ?
            [
                .. _models
                    .Select(model => (Model: model, Score: Number(model.Cell, metric)))
                    .Where(entry => entry.Score is not null)
                    .Select(entry => new StudyScore(
                        entry.Model.Victim,
                        entry.Model.Seed,
                        entry.Score!.Value,
                        entry.Model.Cell?.Verdict?.Decision,
                        entry.Model.Run
                    )),
            ]
            : [];

    // Neither a hit nor a miss where the rule could not decide.
    private static bool? Flagged(CellResult? cell) =>
        cell?.Verdict?.Decision switch
        {
            Decision.Flagged => true,
            Decision.NotFlagged => false,
            _ => null,
        };

    private int UndecidedPairs(CellSample reference, Victim victim)
    {
        var before = Judged(reference);
        return Judged(this)
            .Count(model =>
                before.TryGetValue(model.Key, out var decision)
                && (model.Value == Decision.NotDecidable || decision == Decision.NotDecidable)
            );

        Dictionary<int, Decision> Judged(CellSample sample) =>
            sample
                ._models.Where(model => model.Victim == victim && model.Cell?.Verdict is not null)
                .ToDictionary(model => model.Seed, model => model.Cell!.Verdict!.Decision);
    }

    private IEnumerable<(int Seed, double Value)> Of(Victim victim, Func<CellResult?, double?> number) =>
        _models
            .Where(model => model.Victim == victim)
            .Select(model => (model.Seed, Value: number(model.Cell)))
            .Where(model => model.Value is not null)
            .Select(model => (model.Seed, model.Value!.Value));

    private (double Before, double After)[] Pairs(
        CellSample reference,
        Victim victim,
        Func<CellResult?, double?> number
    )
    {
        var before = reference.Of(victim, number).ToDictionary(model => model.Seed, model => model.Value);
        return
        [
            .. Of(victim, number)
                .Where(model => before.ContainsKey(model.Seed))
                .Select(model => (before[model.Seed], model.Value)),
        ];
    }

    private static StudyValue? Mean(double[] numbers, (double Low, double High) range)
    {
        if (numbers.Length == 0)
        {
            return null;
        }

        var interval = Intervals.Mean(numbers, range.Low, range.High);
        return new(numbers.Average(), interval?.Low, interval?.High, numbers.Length);
    }

    private static double? Number(CellResult? cell, string metric) =>
        cell?.Outcome == Outcome.Value
            ? cell.Measurements.FirstOrDefault(measurement => measurement.Metric == metric)?.Value
            : null;
}
