using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>What a defense works on.</summary>
public enum DefenseDomain
{
    /// <summary>Images: triggers in them, or changes of them.</summary>
    Input,

    /// <summary>Features: what layers make of images.</summary>
    Feature,

    /// <summary>Weights.</summary>
    Parameter,
}

/// <summary>A backdoor defense. Derive from one of the kinds, not from this.</summary>
[MethodFamily]
public abstract record Defense : Method
{
    /// <summary>What the defense is entitled to; its context refuses the rest.</summary>
    public abstract Needs Needs { get; }

    /// <summary>
    /// Whether its verdict must pass planted controls before it counts. False for a rule that is run as it is to
    /// explain other people's numbers, whether or not it can fire, for one whose controls would cost about as much as
    /// its verdict, and for one that cannot see what controls plant or decides nothing with their few labels.
    /// </summary>
    public virtual bool IsControlled => true;

    /// <summary>
    /// What this processor changes in the method's numbers, as a part of their identity; empty where nothing does.
    /// </summary>
    public virtual string ProcessorForm => "";

    /// <summary>Rough cost, for time estimates before a run.</summary>
    public abstract DefenseWork Work(WorkSizes sizes);

    /// <summary>
    /// What must be said of these settings whatever they find: values that do not belong together, samples too small
    /// for a rule. A remark of the run and a note of each of its cells, as whole sentences.
    /// </summary>
    /// <param name="cleanHoldout">Clean images that the defender has.</param>
    public virtual IEnumerable<string> Warnings(int cleanHoldout) => [];

    /// <summary>
    /// Metric of its results that ranks models, higher is more suspicious; null where it ranks samples or inputs alone.
    /// </summary>
    public virtual string? ModelScore => null;

    /// <summary>
    /// Id of the method that a paper's released code means by this rule, when it is not that method; null for a method
    /// itself.
    /// </summary>
    public virtual string? ReleasedVariantOf => null;

    /// <summary>What it works on: the input, what a network makes of it, or the network's weights.</summary>
    public abstract DefenseDomain Domain { get; }

    /// <summary>What it must know of the attack; empty where it is nothing.</summary>
    public virtual string AssumesOfAttack => "";

    /// <inheritdoc/>
    public sealed override IReadOnlyList<MethodTrait> Traits => DefenseTraits.Of(this);

    /// <summary>
    /// The same method at a setting for small machines, where the paper's takes longer than one should wait; itself
    /// where the paper's is cheap. Its label names what differs, so both are told apart wherever numbers stand.
    /// </summary>
    public virtual Defense Brief() => this;

    /// <summary>Whether its rule says of a model (or of one of its classes) that it is backdoored.</summary>
    public virtual bool JudgesModels => false;
}

/// <summary>Decides whether a model is backdoored.</summary>
public abstract record ModelDetector : Defense
{
    /// <inheritdoc/>
    public override DefenseDomain Domain => Needs.HasFlag(Needs.Features) ? DefenseDomain.Feature : DefenseDomain.Input;

    /// <inheritdoc/>
    public sealed override string? ModelScore => Metric.DetectorScore.Id;

    /// <inheritdoc/>
    public sealed override bool JudgesModels => true;

    /// <summary>Examines <see cref="DefenseContext.Model"/>.</summary>
    public abstract ModelVerdict Detect(DefenseContext context);

    /// <inheritdoc/>
    /// <remarks>Enough for a backdoor that was planted to be found easily: controls use it.</remarks>
    public override ModelDetector Brief() => this;
}

/// <summary>Scores every sample of the training set as the defender received it.</summary>
public abstract record SampleDetector : Defense
{
    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Feature;

    /// <summary>Scores <see cref="DefenseContext.TrainingSet"/>; higher is more suspicious.</summary>
    public abstract SampleVerdict Score(DefenseContext context);
}

/// <summary>Scores inputs at test time.</summary>
public abstract record InputFilter : Defense
{
    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Input;

    /// <summary>
    /// Sets the threshold on clean data and returns the filter, which lives no longer than the context.
    /// </summary>
    public abstract FittedFilter Fit(DefenseContext context);
}

/// <summary>Repairs a copy of a model.</summary>
public abstract record Mitigator : Defense
{
    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Parameter;

    /// <summary>
    /// Returns the repaired float network; the caller owns it and converts it to the precision again. Start from
    /// <see cref="DefenseContext.CopyWeights"/>.
    /// </summary>
    public abstract RepairedModel Repair(DefenseContext context);
}

/// <summary>
/// Trains in place of the usual training, on the set as received, so that no backdoor is learnt. The evaluator has it
/// train twice, on the poisoned set and on the clean one of the same seed, converts what comes out to every precision,
/// and compares it with the undefended victim and twin there.
/// </summary>
public abstract record RobustTrainer : Defense
{
    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Parameter;

    /// <inheritdoc/>
    /// <remarks>Of a cell: its model is trained once, in a stage of its own.</remarks>
    public sealed override DefenseWork Work(WorkSizes sizes) => new(2.0 * sizes.TestCount, 0);

    /// <summary>Images through forward and backward pass of the whole method, for time estimates.</summary>
    /// <param name="trainCount">Training images.</param>
    /// <param name="recipe">The usual training, which it may take over.</param>
    public abstract double TrainingImages(int trainCount, TrainOptions recipe);

    /// <summary>
    /// Trains a network of the run's architecture. What it trains through
    /// <see cref="RobustTraining.Train"/> is resumed where it was interrupted.
    /// </summary>
    public abstract RobustModel Train(RobustTraining training);
}

/// <summary>An input filter ready to score.</summary>
public abstract class FittedFilter
{
    /// <summary>Inputs that score above this are rejected.</summary>
    public abstract double Threshold { get; }

    /// <summary>
    /// Share of clean inputs that the threshold is meant to reject; not a number where it promises none.
    /// </summary>
    public abstract double FalseRejectionRate { get; }

    /// <summary>What must be read beside its rates; empty when nothing must.</summary>
    public virtual string Note => "";

    /// <summary>What the score is, for axis labels: "negative entropy (nats)".</summary>
    public abstract string ScoreName { get; }

    /// <summary>One score per image, higher is more suspicious.</summary>
    public abstract double[] Score(ImageSet images, RunContext run);
}
