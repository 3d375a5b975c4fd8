using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>What a cell's rates count.</summary>
[JsonConverter(typeof(JsonStringEnumConverter))]
public enum StudyRole
{
    /// <summary>Models without a defense.</summary>
    Undefended,

    /// <summary>A yes or no for each model.</summary>
    Models,

    /// <summary>Training samples of each model.</summary>
    Samples,

    /// <summary>Test inputs of each model.</summary>
    Inputs,

    /// <summary>A repair: accuracy and attack success after it.</summary>
    Repair,
}

/// <summary>A value over models.</summary>
/// <param name="Value">Share or mean.</param>
/// <param name="Low">
/// Lower end of the 95 % interval: Clopper-Pearson where models are counted, Student's t over models for means,
/// Newcombe's for areas under curves over models; null for one model, and for a mean of equal values.
/// </param>
/// <param name="High">Upper end.</param>
/// <param name="N">Models.</param>
public sealed record StudyValue(double Value, double? Low, double? High, int N);

/// <summary>What changed from FP32 to this precision, on the same models.</summary>
/// <param name="Difference">Mean difference with the t interval of the pairs' differences.</param>
/// <param name="Lost">Models that are flagged at FP32 alone; null where models are not flagged.</param>
/// <param name="Gained">Models that are flagged at this precision alone.</param>
/// <param name="PValue">McNemar's exact test of lost against gained.</param>
/// <param name="Undecided">
/// Models that have both cells and are left out because the rule could not decide in one of them.
/// </param>
public sealed record StudyChange(
    StudyValue Difference,
    int? Lost = null,
    int? Gained = null,
    double? PValue = null,
    int? Undecided = null
);

/// <summary>One model's score.</summary>
/// <param name="Victim">Which model.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Score">Higher is more suspicious.</param>
/// <param name="Decision">What the rule says of the model, or null where it judges none.</param>
/// <param name="Run">Where to find the run, or empty.</param>
public sealed record StudyScore(Victim Victim, int Seed, double Score, Decision? Decision, string Run);

/// <summary>A planned cell of one model.</summary>
/// <param name="Victim">Which model.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why there is no value.</param>
/// <param name="Run">Where to find the run, or empty.</param>
/// <param name="Verdict">What the defense says of the model; null where it judges none or has no value.</param>
public sealed record StudyOutcome(
    Victim Victim,
    int Seed,
    Outcome Outcome,
    string Reason,
    string Run,
    Verdict? Verdict = null
);

/// <summary>A defense at a precision over all seeds.</summary>
public sealed record StudyCell
{
    /// <summary>Label of the precision.</summary>
    public required string Precision { get; init; }

    /// <summary>Label of the defense, or null for the undefended models.</summary>
    public required string? Defense { get; init; }

    /// <summary>What the rates count.</summary>
    public required StudyRole Role { get; init; }

    /// <summary>
    /// Id of the method whose variant in a paper's released code this is, or null for a method itself.
    /// </summary>
    public string? ReleasedVariantOf { get; init; }

    /// <summary>Values by metric id; a metric without a value is absent.</summary>
    public required IReadOnlyDictionary<string, StudyValue> Values { get; init; }

    /// <summary>Changes from FP32 by metric id, on models that have both.</summary>
    public required IReadOnlyDictionary<string, StudyChange> Changes { get; init; }

    /// <summary>Scores of single models, for distributions; empty where the method ranks no models.</summary>
    public required IReadOnlyList<StudyScore> Scores { get; init; }

    /// <summary>Metric of <see cref="Scores"/>.</summary>
    public string ScoreMetric { get; init; } = "";

    /// <summary>The rule's cut on <see cref="Scores"/>, where it has one.</summary>
    public double? Threshold { get; init; }

    /// <summary>Every planned model of this cell.</summary>
    public required IReadOnlyList<StudyOutcome> Outcomes { get; init; }

    /// <summary>Different notes of the runs, most frequent first.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>
    /// Clean accuracy lost against FP32 when it is more than the study allows: these are cells of a damaged model.
    /// </summary>
    public double? AccuracyLost { get; init; }

    /// <summary>Number of models of a kind that have a value.</summary>
    public int Count(Victim victim) =>
        Outcomes.Count(model => model.Victim == victim && model.Outcome == Outcome.Value);

    /// <summary>Models of a kind on which the rule could not decide, which no rate over models counts.</summary>
    public IEnumerable<StudyOutcome> Undecided(Victim victim) =>
        Outcomes.Where(outcome => outcome.Victim == victim && outcome.Verdict?.Decision == Decision.NotDecidable);

    /// <summary>
    /// The models that a rate over models does not count because the rule could not decide; none for other metrics.
    /// </summary>
    public IReadOnlyList<StudyOutcome> Undecided(string metric) =>
        metric == Metric.DetectionRate.Id ? [.. Undecided(Victim.Backdoored)]
        : metric == Metric.FalsePositiveRate.Id ? [.. Undecided(Victim.Benign)]
        : [];

    /// <summary>
    /// Models without an answer that count as not flagged, as released code counts them; 0 for methods as their papers
    /// describe them.
    /// </summary>
    public int CountedAsNotFlagged(string metric) =>
        ReleasedVariantOf is not null && Judging(metric) is { } victim
            ? Outcomes.Count(model => model.Victim == victim && model.Outcome is not (Outcome.Value or Outcome.NotRun))
                + Undecided(metric).Count
            : 0;

    /// <summary>The models whose flags a rate of a method's own rule counts; null for other metrics.</summary>
    public static Victim? Judging(string metric) =>
        metric == Metric.DetectionRate.Id || metric == Metric.SampleDetectionRate.Id ? Victim.Backdoored
        : metric == Metric.FalsePositiveRate.Id || metric == Metric.SampleFalsePositiveRate.Id ? Victim.Benign
        : null;
}
