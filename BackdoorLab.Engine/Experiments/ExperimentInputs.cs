using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Experiments;

/// <summary>The images of a run: what the attacker made, what the defender has, what is measured on.</summary>
internal sealed record ExperimentInputs
{
    /// <summary>Clean training images.</summary>
    internal required ImageSet CleanTrain { get; init; }

    /// <summary>Training images of the backdoored model, with the ground truth.</summary>
    internal required PoisonedSet Poisoned { get; init; }

    /// <summary>
    /// How much of the training set is poisoned; null where nothing is trained or no poison was asked for.
    /// </summary>
    internal required AchievedPoison? Achieved { get; init; }

    /// <summary>
    /// What a defender finds in the training set: the stamped pixels, also where the trainer stamps them only after
    /// augmentation.
    /// </summary>
    internal required ImageSet Received { get; init; }

    /// <summary>The training set of a model as its defender received it.</summary>
    internal ImageSet TrainingSet(Victim victim) => victim == Victim.Backdoored ? Received : CleanTrain;

    /// <summary>What a precision is given when it is made of a model.</summary>
    internal QuantizationImages ImagesFor(Precision precision, Victim victim) =>
        new(precision.CalibratedOn == CalibrationSet.Training ? TrainingSet(victim) : Holdout, Holdout);

    /// <summary>The defender's clean images: a part of the test set that is not measured on.</summary>
    internal required ImageSet Holdout { get; init; }

    /// <summary>What the epochs of a training are measured on.</summary>
    internal required CurveImages Curve { get; init; }

    /// <summary>Clean test images to measure on.</summary>
    internal required ImageSet CleanTest { get; init; }

    /// <summary>The same test images with the trigger; null where none is known.</summary>
    internal required TriggeredSet? Triggered { get; init; }

    internal required Trigger Trigger { get; init; }

    internal required bool FlipAllowed { get; init; }

    /// <summary>The images of a run.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="asset">
    /// What the attacker made before; without it an attack that needs one has chosen and relabelled its images, so that
    /// they can be counted, and not stamped them.
    /// </param>
    /// <exception cref="SpecException">The data contradict the spec.</exception>
    internal static ExperimentInputs Prepare(ExperimentSpec spec, DatasetSplits data, AttackAsset? asset = null)
    {
        var seeds = new SeedTree(spec.Seed);
        var (train, test, attack) = (data.Train, data.Test, spec.Attack);
        if (DataFaults.Of(spec, train.Classes, test.Count).ToList() is { Count: > 0 } faults)
        {
            throw new SpecException(faults);
        }

        var origin = spec.Origin;
        var candidates = train.Labels.Count(attack.IsCandidate);
        if (origin.PoisonFault(train.Count, candidates) is { } fault)
        {
            throw new SpecException([fault]);
        }

        var trigger = (attack, asset) switch
        {
            (PreparedAttack, null) => new NoTrigger(),
            (PreparedAttack prepared, _) => prepared.CreateTrigger(asset, train.Channels, train.Height, train.Width),
            _ => attack.CreateTrigger(train.Channels, train.Height, train.Width, seeds.Child("trigger")),
        };
        var (holdout, measured) = Subsets.Stratified(test, spec.CleanHoldout, seeds.Child("holdout").Random());
        var cleanTest = test.Select(measured);
        var poisoned = origin.Poison(train, attack, trigger, data.FlipAllowed);
        return new()
        {
            CleanTrain = train,
            Poisoned = poisoned,
            Achieved =
                attack.PoisonRate > 0 ? AchievedPoison.Of(train, poisoned, attack, origin.RateIsOfAttackers) : null,
            Received = attack.StampAfterAugmentation
                ? origin.Poison(train, attack with { StampAfterAugmentation = false }, trigger, data.FlipAllowed).Images
                : poisoned.Images,
            Holdout = test.Select(holdout),
            Curve = new(test, attack, trigger),
            CleanTest = cleanTest,
            Triggered = origin.KnowsAttack ? Poisoner.Trigger(cleanTest, attack, trigger) : null,
            Trigger = trigger,
            FlipAllowed = data.FlipAllowed,
        };
    }
}
