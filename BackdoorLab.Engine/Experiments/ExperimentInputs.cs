using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Experiments;

/// <summary>The images of a run: what the attacker made, what the defender has, what is measured on.</summary>
internal sealed record ExperimentInputs
{
    /// <summary>Clean training images.</summary>
    internal required ImageSet CleanTrain { get; init; }

    /// <summary>Training images of the backdoored model, with the ground truth.</summary>
    internal required PoisonedSet Poisoned { get; init; }

    /// <summary>How much of the training set is poisoned; null where nothing is trained or no poison was asked for.</summary>
    internal required AchievedPoison? Achieved { get; init; }

    /// <summary>Deals the training images to clients with so many attackers; null trains centrally.</summary>
    internal Func<int, FederatedData>? Deal { get; init; }

    /// <summary>
    /// What a defender finds in the training set: the stamped pixels, also where the trainer stamps them only after augmentation.
    /// </summary>
    internal required ImageSet Received { get; init; }

    /// <summary>The training set of a model as its defender received it.</summary>
    internal ImageSet TrainingSet(Victim victim) => victim == Victim.Backdoored ? Received : CleanTrain;

    /// <summary>What a precision is given when it is made of a model.</summary>
    internal QuantizationImages ImagesFor(Precision precision, Victim victim) =>
        new(precision.CalibratedOn == CalibrationSet.Training ? TrainingSet(victim) : Holdout, Holdout);

    /// <summary>The defender's clean images: a part of the test set that is not measured on.</summary>
    internal required ImageSet Holdout { get; init; }

    /// <summary>All clean test images, the holdout among them: for the curve of a training, which does not know the holdout.</summary>
    internal required ImageSet Test { get; init; }

    /// <summary>Clean test images to measure on.</summary>
    internal required ImageSet CleanTest { get; init; }

    /// <summary>The same test images with the trigger; null where none is known.</summary>
    internal required TriggeredSet? Triggered { get; init; }

    internal required Trigger Trigger { get; init; }

    internal required bool FlipAllowed { get; init; }

    internal static ExperimentInputs Prepare(ExperimentSpec spec, DatasetSplits data)
    {
        var seeds = new SeedTree(spec.Seed);
        var (train, test, attack) = (data.Train, data.Test, spec.Attack);
        if (DataFaults.Of(spec, train.Classes, test.Count).ToList() is { Count: > 0 } faults)
        {
            throw new SpecException(faults);
        }

        // Clients' poison is looked at where the images are dealt to them.
        if (spec.Federation is null && AchievedPoison.Fault(attack, train.Count, train.Labels.Count(attack.IsCandidate)) is { } fault)
        {
            throw new SpecException([fault]);
        }

        var trigger = attack.CreateTrigger(train.Channels, train.Height, train.Width, seeds.Child("trigger"));
        var (holdout, measured) = Subsets.Stratified(test, spec.CleanHoldout, seeds.Child("holdout").Random());
        var cleanTest = test.Select(measured);
        var deal = spec.Federation is { } federation
            ? (Attack with, int attackers) => FederatedData.Deal(train, federation, with, trigger, attackers, data.FlipAllowed, Dealing.Seeds(spec))
            : (Func<Attack, int, FederatedData>?)null;
        var poisoned = Poison(attack);
        return new()
        {
            CleanTrain = train,
            Poisoned = poisoned,
            Achieved = spec.Suspect is null && attack.PoisonRate > 0 ? AchievedPoison.Of(train, poisoned, attack, deal is not null) : null,
            Deal = deal is null ? null : attackers => deal(attack, attackers),
            Received = attack.StampAfterAugmentation ? Poison(attack with { StampAfterAugmentation = false }).Images : poisoned.Images,
            Holdout = test.Select(holdout),
            Test = test,
            CleanTest = cleanTest,
            Triggered = spec.Suspect is null ? Poisoner.Trigger(cleanTest, attack, trigger) : null,
            Trigger = trigger,
            FlipAllowed = data.FlipAllowed,
        };

        // What all clients hold together; a defender who was given their images would find this.
        PoisonedSet Poison(Attack with)
        {
            if (deal is null)
            {
                return Poisoner.Poison(train, with, trigger, seeds.Child("poison"));
            }

            var dealt = deal(with, spec.Federation!.Simulation.Attackers);
            return new(dealt.Images, [.. dealt.Poisoned], dealt.Changes);
        }
    }
}
