using System.Text.Json.Serialization;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Studies;

/// <summary>What a study shows: for each setting a table of defense x precision over its seeds.</summary>
/// <param name="Schema">Version of this form.</param>
/// <param name="Name">Name of the study.</param>
/// <param name="Question">What it asks.</param>
/// <param name="Seeds">Seeds planned.</param>
/// <param name="Settings">One for each combination of axis values.</param>
/// <param name="Seconds">Wall time by stage: "train", "measure", and the label of each defense; stages that runs share are counted once.</param>
/// <param name="Findings">What a paper says beside what was measured; empty for a study without a paper.</param>
/// <param name="Remarks">What must be read beside all numbers.</param>
public sealed record StudyReport(
    int Schema,
    string Name,
    string Question,
    IReadOnlyList<int> Seeds,
    IReadOnlyList<StudySetting> Settings,
    IReadOnlyDictionary<string, double> Seconds,
    IReadOnlyList<StudyFinding> Findings,
    IReadOnlyList<string> Remarks)
{
    /// <summary>Version of the JSON form.</summary>
    public const int CurrentSchema = 2;
}

/// <summary>A published claim beside what this study measured for it.</summary>
/// <param name="Claim">What the paper says, in words.</param>
/// <param name="Setting">Title of the setting measured.</param>
/// <param name="Precision">Label of the precision measured.</param>
/// <param name="Defense">Label of the defense measured, or null for the undefended models.</param>
/// <param name="Metric">Metric compared.</param>
/// <param name="Published">The published value, 0..1, or null where the claim has only words.</param>
/// <param name="Measured">Our value, or null while there is none.</param>
/// <param name="Why">Why they agree or differ, made from recorded facts; empty while nothing is measured.</param>
public sealed record StudyFinding(
    string Claim, string Setting, string Precision, string? Defense, string Metric, double? Published, StudyValue? Measured, string Why);

/// <summary>A combination of axis values.</summary>
/// <param name="Title">"CIFAR-10, ResNet-8, BadNets 10 %".</param>
/// <param name="Dataset">Label of the data set.</param>
/// <param name="Model">Label of the network.</param>
/// <param name="Attack">Label of the attack.</param>
/// <param name="PoisonRate">0..1.</param>
/// <param name="Precisions">Labels, in the order of the spec.</param>
/// <param name="Defenses">Labels, in the order of the spec.</param>
/// <param name="Cells">One for each precision without a defense, and for each defense x precision.</param>
/// <param name="Federation">How clients trained the models; null where they were trained in one place.</param>
public sealed record StudySetting(
    string Title,
    string Dataset,
    string Model,
    string Attack,
    double PoisonRate,
    IReadOnlyList<string> Precisions,
    IReadOnlyList<string> Defenses,
    IReadOnlyList<StudyCell> Cells,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Federation? Federation = null)
{
    /// <summary>The cell of a pair; null defense: the undefended models.</summary>
    public StudyCell? Find(string precision, string? defense) => Cells.FirstOrDefault(cell => cell.Precision == precision && cell.Defense == defense);
}

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
/// <param name="Low">Lower end of the 95 % interval: Clopper-Pearson where models are counted, Student's t over models for means, Newcombe's for areas under curves over models; null for one model, and for a mean of equal values.</param>
/// <param name="High">Upper end.</param>
/// <param name="N">Models.</param>
public sealed record StudyValue(double Value, double? Low, double? High, int N);

/// <summary>What changed from FP32 to this precision, on the same models.</summary>
/// <param name="Difference">Mean difference with the t interval of the pairs' differences.</param>
/// <param name="Lost">Models that are flagged at FP32 alone; null where models are not flagged.</param>
/// <param name="Gained">Models that are flagged at this precision alone.</param>
/// <param name="PValue">McNemar's exact test of lost against gained.</param>
/// <param name="Undecided">Models that have both cells and are left out because the rule could not decide in one of them.</param>
public sealed record StudyChange(StudyValue Difference, int? Lost = null, int? Gained = null, double? PValue = null, int? Undecided = null);

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
public sealed record StudyOutcome(Victim Victim, int Seed, Results.Outcome Outcome, string Reason, string Run, Results.Verdict? Verdict = null);

/// <summary>A defense at a precision over all seeds.</summary>
public sealed record StudyCell
{
    /// <summary>Label of the precision.</summary>
    public required string Precision { get; init; }

    /// <summary>Label of the defense, or null for the undefended models.</summary>
    public required string? Defense { get; init; }

    /// <summary>What the rates count.</summary>
    public required StudyRole Role { get; init; }

    /// <summary>Id of the method whose variant in a paper's released code this is, or null for a method itself.</summary>
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

    /// <summary>Clean accuracy lost against FP32 when it is more than the study allows: these are cells of a damaged model.</summary>
    public double? AccuracyLost { get; init; }

    /// <summary>Number of models of a kind that have a value.</summary>
    public int Count(Victim victim) => Outcomes.Count(outcome => outcome.Victim == victim && outcome.Outcome == Results.Outcome.Value);

    /// <summary>Models of a kind on which the rule could not decide, which no rate over models counts.</summary>
    public IEnumerable<StudyOutcome> Undecided(Victim victim) =>
        Outcomes.Where(outcome => outcome.Victim == victim && outcome.Verdict?.Decision == Decision.NotDecidable);

    /// <summary>The models that a rate over models does not count because the rule could not decide; none for other metrics.</summary>
    public IReadOnlyList<StudyOutcome> Undecided(string metric) =>
        metric == Metric.DetectionRate.Id ? [.. Undecided(Victim.Backdoored)]
        : metric == Metric.FalsePositiveRate.Id ? [.. Undecided(Victim.Benign)]
        : [];

    /// <summary>
    /// The value of a metric under the rules of the cell's method. Released code counts a model on which the method fails, does not apply or
    /// cannot decide as one that was not flagged, so those cells do too; elsewhere none of these is an observation.
    /// </summary>
    public StudyValue? Counted(string metric)
    {
        var measured = Values.GetValueOrDefault(metric);
        var silent = CountedAsNotFlagged(metric);
        if (silent == 0)
        {
            return measured;
        }

        var (mean, n) = (measured?.Value ?? 0, measured?.N ?? 0);
        if (Role != StudyRole.Models)
        {
            // The shares of single models are not in the report, so the interval over all of them is not known.
            return new(mean * n / (n + silent), null, null, n + silent);
        }

        var share = new Share((int)Math.Round(mean * n), n + silent);
        return new(share.Value, share.Interval.Low, share.Interval.High, share.Count);
    }

    /// <summary>Models without an answer that <see cref="Counted"/> takes for not flagged, as released code does; 0 for methods as their papers describe them.</summary>
    public int CountedAsNotFlagged(string metric) => ReleasedVariantOf is not null && Judging(metric) is { } victim
        ? Outcomes.Count(outcome => outcome.Victim == victim && outcome.Outcome is not (Results.Outcome.Value or Results.Outcome.NotRun)) + Undecided(metric).Count
        : 0;

    /// <summary>The models whose flags a rate of a method's own rule counts; null for other metrics.</summary>
    public static Victim? Judging(string metric) =>
        metric == Metric.DetectionRate.Id || metric == Metric.SampleDetectionRate.Id ? Victim.Backdoored
        : metric == Metric.FalsePositiveRate.Id || metric == Metric.SampleFalsePositiveRate.Id ? Victim.Benign
        : null;
}
