using BackdoorLab.Engine.Attacks;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>What only the evaluator knows about a model. No defense gets it.</summary>
public sealed record BackdoorTruth
{
    /// <summary>Whether the model was trained on poisoned data; false for the benign twin.</summary>
    public required bool IsBackdoored { get; init; }

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

    /// <summary>The single target label, or null when there is none to hit.</summary>
    public int? SingleTarget => IsBackdoored && Mapping == LabelMapping.AllToOne ? TargetLabel : null;
}
