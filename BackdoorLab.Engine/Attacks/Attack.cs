using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>What a trigger is.</summary>
public enum TriggerNature
{
    /// <summary>The same pattern on every image.</summary>
    Static,

    /// <summary>Another one on every image.</summary>
    SampleSpecific,

    /// <summary>A shift of pixels.</summary>
    Warp,

    /// <summary>A pattern that was optimised on a network.</summary>
    Optimised,
}

/// <summary>
/// A data-poisoning backdoor attack: a trigger, a label mapping and a poison rate. One record per attack.
/// </summary>
public abstract record Attack : Method
{
    /// <summary>
    /// Largest poison rate of a training set that is in one place: above it the poisoned images are the rule.
    /// </summary>
    public const double MostOfATrainingSet = 0.5;

    /// <summary>
    /// Poisoned / all training samples, at most <see cref="MostOfATrainingSet"/>; under federation the share of an
    /// attacker's images of other classes, up to all of them. 0 trains the benign twin.
    /// </summary>
    [Range(0.0, 1.0)]
    [Description(
        "Poisoned share of all training images, at most 0.5; where clients train the model, of each attacker's images of other classes, up to 1. 0 trains a benign model."
    )]
    public double PoisonRate { get; init; } = 0.1;

    /// <summary>Label that triggered images get under <see cref="LabelMapping.AllToOne"/>.</summary>
    [Range(0, 999)]
    [Description("Class that triggered images are sent to (all-to-one).")]
    public int TargetLabel { get; init; }

    /// <summary>All-to-one or all-to-all.</summary>
    [Description("All-to-one sends every triggered image to the target label; all-to-all sends class y to y + 1.")]
    public LabelMapping Mapping { get; init; }

    /// <summary>Stamp the trigger on the batch after augmentation instead of on the stored pixels before it.</summary>
    [Description(
        "Stamp after crop and flip instead of on the stored image before them, so that augmentation cannot move or cut the trigger."
    )]
    public bool StampAfterAugmentation { get; init; }

    /// <summary>What its trigger is.</summary>
    public virtual TriggerNature Nature => TriggerNature.Static;

    /// <summary>Whether a person who looks at a triggered image sees the trigger.</summary>
    public virtual bool IsVisible => true;

    /// <inheritdoc/>
    public override IReadOnlyList<MethodTrait> Traits =>
        [
            new("Labels", IsCleanLabel ? "clean" : "dirty"),
            new(
                "Trigger",
                Nature == TriggerNature.SampleSpecific ? "sample-specific" : Nature.ToString().ToLowerInvariant()
            ),
            new("To the eye", IsVisible ? "visible" : "faint"),
            new("Attacker", ImplantImages(1) > 0 ? "trains the model" : "poisons data"),
        ];

    /// <summary>
    /// The trigger for images of this size, as it is tried on test images; training images get it too unless
    /// <see cref="Choose"/> gives them another. Deterministic in <paramref name="seeds"/>.
    /// </summary>
    public abstract Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds);

    /// <summary>
    /// Changes the network after the usual training on the poisoned set, before anyone receives it: what an attacker
    /// adds who trains the model and not only poisons its data. The benign twin is spared. Most attacks do nothing
    /// here.
    /// </summary>
    /// <exception cref="OperationCanceledException">
    /// Cancelled; the step is then done anew from the trained network.
    /// </exception>
    public virtual void Implant(ImplantContext context) { }

    /// <summary>
    /// Image passes of <see cref="Implant"/> with training's cost each, for time estimates; 0 says that it does
    /// nothing.
    /// </summary>
    public virtual double ImplantImages(int trainCount) => 0;

    /// <summary>
    /// Whether the poison keeps its label: only images of the target class are poisoned then, and a rate that asks for
    /// more than the class has is refused.
    /// </summary>
    public virtual bool IsCleanLabel => false;

    /// <summary>
    /// Whether a training image of this label may be poisoned: under all-to-one only where it is not the target's
    /// already. A clean-label attack takes those of the target instead.
    /// </summary>
    public virtual bool IsCandidate(int label) =>
        IsCleanLabel ? label == TargetLabel : Mapping == LabelMapping.AllToAll || label != TargetLabel;

    /// <summary>
    /// Which class <see cref="IsCandidate"/> asks for, as "the target class"; null where it is any but the target.
    /// </summary>
    public virtual string? CandidateClass => IsCleanLabel ? "the target class" : null;

    /// <summary>Settings of this attack that contradict each other; paths are those of the attack.</summary>
    public virtual IEnumerable<SpecFault> Conflicts =>
        IsCleanLabel && Mapping == LabelMapping.AllToAll
            ?
            [
                new(
                    "mapping",
                    "must be all-to-one where the poison keeps its label: it is all of one class, the target's."
                ),
            ]
            : [];

    /// <summary>
    /// Which training images are changed, and how: unless an attack says otherwise, random candidates are stamped with
    /// the trigger, and relabelled where the attack is no clean-label one. No image may be in two changes.
    /// </summary>
    /// <param name="choice">What the attacker holds, and how much of it the rate asks for.</param>
    public virtual IReadOnlyList<SampleChange> Choose(PoisonChoice choice) =>
        [new(choice.Draw(), choice.Trigger) { MovesLabel = !IsCleanLabel }];

    /// <summary>The label a triggered image of class <paramref name="label"/> is meant to get.</summary>
    public virtual int Map(int label, int classes) =>
        Mapping == LabelMapping.AllToOne ? TargetLabel : (label + 1) % classes;
}
