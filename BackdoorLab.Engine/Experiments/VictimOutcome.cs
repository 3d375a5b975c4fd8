using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Experiments;

/// <summary>What a training came to, by <see cref="TrainingRule"/>.</summary>
public enum TrainingOutcome
{
    /// <summary>
    /// Nothing was measured that would tell: the run ended early, or the training diverged and there is no model.
    /// </summary>
    NotMeasured,

    /// <summary>The model learnt, and its backdoor, if it was to have one, took.</summary>
    Sound,

    /// <summary>
    /// The model learnt, but triggered images are not taken for the target more often than without a backdoor.
    /// </summary>
    BackdoorNotTaken,

    /// <summary>Clean accuracy cannot be told from chance at any precision.</summary>
    NotLearned,
}

/// <summary>
/// What became of one victim of a run, a function of its undefended cells. What a precision breaks is no fault of the
/// training, and some backdoors show at a lower precision only: the best precision counts. Victims that are not <see
/// cref="TrainingOutcome.Sound"/> belong in no mean and no rank.
/// </summary>
public sealed record VictimOutcome
{
    /// <summary>Which model.</summary>
    public required Victim Victim { get; init; }

    /// <summary>What its training came to.</summary>
    public required TrainingOutcome Outcome { get; init; }

    /// <summary>Label of the precision that decided; empty where nothing was measured.</summary>
    public string Precision { get; init; } = "";

    /// <summary>At that precision.</summary>
    public Measurement? CleanAccuracy { get; init; }

    /// <summary>What clean accuracy is compared with: the share of the most frequent class, 0..1.</summary>
    public double? Chance { get; init; }

    /// <summary>At that precision, of a model that was to have a backdoor.</summary>
    public Measurement? AttackSuccessRate { get; init; }

    /// <summary>What that is compared with, the benign twin's; null where chance stands in for it.</summary>
    public Measurement? TwinAttackSuccessRate { get; init; }

    /// <summary>What to say beside the victim's numbers; empty where there is nothing to say.</summary>
    public string Remark =>
        (Outcome, Victim) switch
        {
            // A check has words of its own for a model that does not fit its data.
            (TrainingOutcome.NotLearned, not Victim.Suspect) => FormattableString.Invariant(
                $"the {ExperimentPlan.Words(Victim)} did not learn: its clean accuracy, {Words(CleanAccuracy!)}, cannot be told from chance, {100 * Chance:0.0} % (always the most frequent class); its numbers say nothing of an attack or a defense"
            ),
            (TrainingOutcome.BackdoorNotTaken, _) =>
                $"the backdoor did not take: attack success, {Words(AttackSuccessRate!)}, is not above {Reference()}; what defenses say of this model is neither a hit nor a miss",
            _ => "",
        };

    /// <summary>Whether its numbers say nothing, so that they belong in no mean.</summary>
    public bool IsDamaged => Outcome is TrainingOutcome.NotLearned or TrainingOutcome.BackdoorNotTaken;

    /// <summary>Every victim that has an undefended cell, in the order of the cells.</summary>
    /// <param name="cells">Cells of one run.</param>
    /// <param name="trainingDefends">
    /// Whether the training is to keep backdoors out, as the aggregation of a federation is. Whether one gets through
    /// is then what was asked: that it does not is a result, and leaving it out would leave out every success.
    /// </param>
    public static IReadOnlyList<VictimOutcome> Of(IEnumerable<CellResult> cells, bool trainingDefends = false)
    {
        List<CellResult> undefended = [.. cells.Where(cell => cell.Id.Defense is null)];
        return
        [
            .. undefended
                .GroupBy(cell => cell.Id.Victim)
                .Select(group =>
                    group
                        .Select(cell =>
                            At(
                                cell,
                                undefended.Find(twin => twin.Id == cell.Id with { Victim = Victim.Benign }),
                                trainingDefends
                            )
                        )
                        .MinBy(outcome => Rank(outcome.Outcome))!
                ),
        ];
    }

    private static VictimOutcome At(CellResult cell, CellResult? twin, bool trainingDefends)
    {
        var (clean, chance) = (Row(cell, Metric.CleanAccuracy), Row(cell, Metric.ChanceAccuracy)?.Value);
        if (clean is null || chance is not { } floor)
        {
            return new() { Victim = cell.Id.Victim, Outcome = TrainingOutcome.NotMeasured };
        }

        var backdoored = cell.Id.Victim == Victim.Backdoored;
        var success = backdoored ? Row(cell, Metric.AttackSuccessRate) : null;
        var twinLearned =
            backdoored
            && twin is not null
            && Row(twin, Metric.CleanAccuracy) is { } accuracy
            && TrainingRule.Learned(accuracy, floor);
        var reference = twinLearned ? Row(twin!, Metric.AttackSuccessRate) : null;
        return new()
        {
            Victim = cell.Id.Victim,
            Precision = cell.Id.Precision,
            CleanAccuracy = clean,
            Chance = floor,
            AttackSuccessRate = success,
            TwinAttackSuccessRate = reference,
            Outcome =
                !TrainingRule.Learned(clean, floor) ? TrainingOutcome.NotLearned
                : !backdoored || trainingDefends ? TrainingOutcome.Sound
                : success is null ? TrainingOutcome.NotMeasured
                : TrainingRule.Took(success, reference, floor) ? TrainingOutcome.Sound
                : TrainingOutcome.BackdoorNotTaken,
        };
    }

    private static int Rank(TrainingOutcome outcome) =>
        outcome switch
        {
            TrainingOutcome.Sound => 0,
            TrainingOutcome.BackdoorNotTaken => 1,
            TrainingOutcome.NotLearned => 2,
            _ => 3,
        };

    private string Reference() =>
        TwinAttackSuccessRate is { } twin
            ? $"the benign twin's, {Words(twin)}"
            : FormattableString.Invariant($"chance, {100 * Chance:0.0} %");

    private static string Words(Measurement share) =>
        FormattableString.Invariant(
            $"{100 * share.Value:0.0} % of {share.Count} images (95 % interval {100 * share.Low:0.0} to {100 * share.High:0.0} %)"
        );

    private static Measurement? Row(CellResult cell, Metric metric) =>
        cell.Outcome == Results.Outcome.Value ? cell.Measurements.FirstOrDefault(row => row.Metric == metric.Id) : null;
}
