using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>What a rule says of a model.</summary>
public enum Decision
{
    /// <summary>The rule could have fired and did not.</summary>
    NotFlagged,

    /// <summary>The rule calls the model backdoored.</summary>
    Flagged,

    /// <summary>The rule can say neither; the reason says why.</summary>
    NotDecidable,
}

/// <summary>Why a rule can say neither that a model is backdoored nor that it is not.</summary>
public enum UndecidedReason
{
    /// <summary>
    /// Norms spread so widely that hardly any of them could be an outlier: <c>anomaly-index</c>, <c>index-ceiling</c>
    /// (what a norm of zero would reach), <c>detector-threshold</c>.
    /// </summary>
    NormCeiling,

    /// <summary>
    /// No class has a trigger that works, so there is nothing to compare: <c>classes</c>,
    /// <c>classes-without-trigger</c>.
    /// </summary>
    NoWorkingTrigger,

    /// <summary>
    /// The model is wrong on too many clean images to have been trained for them: <c>clean-accuracy</c>,
    /// <c>least-clean-accuracy</c>.
    /// </summary>
    LowAccuracy,

    /// <summary>
    /// The rule compares a number with a cut that it cannot reach, whatever the model: <c>largest-score</c>,
    /// <c>detector-threshold</c>, <c>sample-size</c>.
    /// </summary>
    CannotFire,

    /// <summary>The rule asks for a spread and all norms in the middle are equal: <c>median-norm</c>.</summary>
    NoSpread,

    /// <summary>
    /// The rule asks for a spread over classes and the statistics in the middle are equal: <c>median-statistic</c>.
    /// </summary>
    NoClassSpread,

    /// <summary>
    /// The rule compares a class with the others, and there are too few of them: <c>classes</c>,
    /// <c>least-classes</c>.
    /// </summary>
    FewClasses,

    /// <summary>The rule follows a gradient that the deployed arithmetic does not have, so nothing moves.</summary>
    NoGradient,

    /// <summary>No detector was chosen, or none could run.</summary>
    NoDetector,
}

/// <summary>A class by its label and name.</summary>
/// <param name="Label">Label, from 0.</param>
/// <param name="Name">Its name; empty where it has none.</param>
public sealed record NamedClass(int Label, string Name);

/// <summary>
/// What a rule says of a model, as facts. Everything that decides or counts reads this; <see cref="VerdictWords"/>
/// makes the sentences of it that people read. A rule that could not have fired has not acquitted the model, so that is
/// a third answer and neither a hit nor a miss.
/// </summary>
public sealed record Verdict
{
    /// <summary>The answer.</summary>
    public required Decision Decision { get; init; }

    /// <summary>Why there is none; null for the two others.</summary>
    [JsonConverter(typeof(ReasonCode))]
    public UndecidedReason? Reason { get; init; }

    /// <summary>The numbers behind the answer, by id; all finite, shares 0..1.</summary>
    public IReadOnlyDictionary<string, double> Figures { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// Of a flagged model the classes that the rule suspects, most suspicious first; of another the most conspicuous
    /// one; may be empty.
    /// </summary>
    public IReadOnlyList<NamedClass> Classes { get; init; } = [];

    /// <summary>The answer of a rule that could decide.</summary>
    /// <param name="flagged">Whether it calls the model backdoored.</param>
    /// <param name="figures">The numbers behind it.</param>
    public static Verdict Of(bool flagged, params IEnumerable<(string Id, double Value)> figures) =>
        new()
        {
            Decision = flagged ? Decision.Flagged : Decision.NotFlagged,
            Figures = figures.ToDictionary(figure => figure.Id, figure => figure.Value),
        };

    /// <summary>The answer of a rule that could not.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="figures">The numbers behind it.</param>
    public static Verdict NotDecidable(UndecidedReason reason, params IEnumerable<(string Id, double Value)> figures) =>
        new()
        {
            Decision = Decision.NotDecidable,
            Reason = reason,
            Figures = figures.ToDictionary(figure => figure.Id, figure => figure.Value),
        };
}
