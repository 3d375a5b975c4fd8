using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Defenses;

/// <summary>A named number a defense reports besides its verdict (an index, a ceiling, a norm ratio).</summary>
/// <param name="Metric">One of <see cref="Core.Method.Numbers"/>.</param>
/// <param name="Value">Not finite where it is not defined; it is then left out, with a note.</param>
public sealed record DefenseNumber(Metric Metric, double Value)
{
    /// <summary>Id of the metric.</summary>
    public string Name => Metric.Id;
}

/// <summary>What a <see cref="ModelDetector"/> found.</summary>
public sealed record ModelVerdict
{
    /// <summary>What the rule says; the scorer adds the classes.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The decisive score; compared with <see cref="Threshold"/>.</summary>
    public required double Score { get; init; }

    /// <summary>The rule's cut.</summary>
    public required double Threshold { get; init; }

    /// <summary>Labels that the rule flags, most suspicious first; may be empty.</summary>
    public IReadOnlyList<int> SuspectedLabels { get; init; } = [];

    /// <summary>The most suspicious label whether or not it was flagged.</summary>
    public int? TopLabel { get; init; }

    /// <summary>Further numbers, each a row in the results.</summary>
    public IReadOnlyList<DefenseNumber> Numbers { get; init; } = [];

    /// <summary>Pictures (reversed triggers per class, norms).</summary>
    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>What the reader must know besides the verdict; nothing decides by it.</summary>
    public string Note { get; init; } = "";

    /// <summary>Whether the rule calls the model backdoored.</summary>
    public bool Flagged => Verdict.Decision == Decision.Flagged;
}

/// <summary>
/// What a <see cref="SampleDetector"/> found. The framework colours its pictures with the ground truth.
/// </summary>
public sealed record SampleVerdict
{
    /// <summary>One score per training sample, higher is more suspicious.</summary>
    public required double[] Scores { get; init; }

    /// <summary>Whether the paper's rule removes the sample.</summary>
    public required bool[] Flagged { get; init; }

    /// <summary>
    /// What the rule says of the model as a whole; null where <see cref="Defense.JudgesModels"/> is false.
    /// </summary>
    public Verdict? Verdict { get; init; }

    /// <summary>What the score is, for axis labels.</summary>
    public required string ScoreName { get; init; }

    /// <summary>
    /// Of a rule that flags a number fixed beforehand in each group of samples (the paper's share of every class): the
    /// group of every sample, negative where none is flagged whatever its score. It lets the evaluator tell the most
    /// that the rule could have found. Null elsewhere.
    /// </summary>
    public int[]? FixedWithin { get; init; }

    /// <summary>
    /// Labels the method considers contaminated, most suspicious first; may be empty (methods that flag samples only).
    /// </summary>
    public IReadOnlyList<int> SuspectedLabels { get; init; } = [];

    /// <summary>The most suspicious label whether or not it was flagged.</summary>
    public int? TopLabel { get; init; }

    /// <summary>
    /// A plane to draw the samples in: (x, y) per sample of the most suspicious class; NaN elsewhere. Null where the
    /// method has none.
    /// </summary>
    public (float X, float Y)[]? Projection { get; init; }

    /// <summary>Further numbers, each a row in the results.</summary>
    public IReadOnlyList<DefenseNumber> Numbers { get; init; } = [];

    /// <summary>Pictures that need no ground truth.</summary>
    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>What the reader must know.</summary>
    public string Note { get; init; } = "";
}

/// <summary>What a method tells beside the model that it made.</summary>
/// <param name="Numbers">Each a row in the results.</param>
/// <param name="Figures">Pictures that need no ground truth.</param>
/// <param name="Note">What the reader must know; may be empty.</param>
public sealed record MethodReport(IReadOnlyList<DefenseNumber> Numbers, IReadOnlyList<Figure> Figures, string Note);

/// <summary>What a <see cref="Mitigator"/> made.</summary>
/// <param name="network">The repaired float network, which this owns.</param>
public sealed class RepairedModel(Classifier network) : IDisposable
{
    /// <summary>The repaired float network.</summary>
    public Classifier Network { get; } = network;

    /// <summary>
    /// Of a method that prunes and then trains: the network pruned and not yet trained, so that each phase's part is
    /// told. Null elsewhere.
    /// </summary>
    public Classifier? Pruned { get; init; }

    /// <summary>Numbers, each a row in the results.</summary>
    public IReadOnlyList<DefenseNumber> Numbers { get; init; } = [];

    /// <summary>Pictures that need no ground truth.</summary>
    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>What the reader must know.</summary>
    public string Note { get; init; } = "";

    /// <summary>All that it tells.</summary>
    public MethodReport Report => new(Numbers, Figures, Note);

    /// <summary>
    /// What <paramref name="repair"/> makes of a network, which it may change in place; where it fails or is cancelled,
    /// nobody keeps the network.
    /// </summary>
    public static RepairedModel Of(Classifier network, RunContext run, Func<Classifier, RepairedModel> repair)
    {
        try
        {
            var repaired = repair(network);
            run.ThrowIfCancelled();
            return repaired;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Network.Dispose();
        Pruned?.Dispose();
    }
}
