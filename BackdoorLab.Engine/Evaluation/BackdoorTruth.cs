using BackdoorLab.Engine.Attacks;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>What only the evaluator knows about a model. No defense gets it.</summary>
public sealed record BackdoorTruth
{
    /// <summary>
    /// Whether the model was trained on poisoned data; false for the benign twin, null for a model from a file, of
    /// which nothing is known.
    /// </summary>
    public required bool? IsBackdoored { get; init; }

    /// <summary>Names of the classes, for words; may be empty.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>The attack's label mapping.</summary>
    public LabelMapping Mapping { get; init; }

    /// <summary>The attack's target label; means nothing under <see cref="LabelMapping.AllToAll"/>.</summary>
    public int TargetLabel { get; init; }

    /// <summary>Which training samples are poisoned; null for none.</summary>
    public bool[]? PoisonMask { get; init; }

    /// <summary>
    /// The test images with the attack's trigger; also for the benign twin, where it should do nothing.
    /// </summary>
    public TriggeredSet? Triggered { get; init; }

    /// <summary>
    /// The undefended model's attack success rate, when known: an attack that did not take hold is worth a note.
    /// </summary>
    public double? AttackSuccessRate { get; init; }

    /// <summary>
    /// What stands in place of every verdict because the model gives no ground for one; null where it does.
    /// </summary>
    public Verdict? Doubt { get; init; }

    /// <summary><see cref="IsBackdoored"/> for scores that mean nothing without it.</summary>
    /// <exception cref="InvalidOperationException">It is not known.</exception>
    public bool Known =>
        IsBackdoored
        ?? throw new InvalidOperationException(
            "Whether the model is backdoored is not known, so only what a model detector says of it can be recorded."
        );

    /// <summary>The single target label, or null when there is none to hit.</summary>
    public int? SingleTarget => IsBackdoored == true && Mapping == LabelMapping.AllToOne ? TargetLabel : null;
}
