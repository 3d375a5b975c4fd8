using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Time estimates from the network's throughput and each defense's declared work.</summary>
/// <param name="spec">The run.</param>
/// <param name="pace">Measured, or guessed from the network's size.</param>
/// <param name="trainCount">Training images after limits.</param>
/// <param name="testCount">Test images after limits, holdout included.</param>
/// <param name="classes">Classes.</param>
public sealed class Estimator(ExperimentSpec spec, Throughput pace, int trainCount, int testCount, int classes)
{
    private const double FixedSeconds = 0.2;

    /// <summary>An estimate from the spec alone, before data is loaded.</summary>
    /// <param name="spec">A valid spec.</param>
    /// <param name="pace">Measured throughput of this network, or null to guess.</param>
    /// <param name="threads">Kernel threads, for the guess.</param>
    /// <param name="shape">What is known of the data set; what it declares unless given.</param>
    public static double Seconds(ExperimentSpec spec, Throughput? pace, int threads, DatasetShape? shape = null)
    {
        shape ??= spec.Dataset.Shape;
        var network = ShapeOf(spec, shape);
        var classes = network.Classes;
        pace ??= Throughput.Guess(
            spec.Model.Cost(network).MultiplyAdds,
            threads,
            spec.Training.Precision != TrainingPrecision.Float32
        );
        var estimator = new Estimator(
            spec,
            pace,
            Limit(shape.TrainCount, spec.Dataset.TrainLimit),
            Limit(shape.TestCount, spec.Dataset.TestLimit),
            classes
        );
        var cells = spec.Precisions.Sum(precision =>
            spec.Defenses.Prepend(null).Sum(defense => estimator.Cell(precision, defense))
        );
        var trained = spec.Defenses.OfType<RobustTrainer>().Sum(estimator.Trained);
        return estimator.Attacker()
            + estimator.Asset()
            + spec.Origin.Victims.Sum(victim => estimator.Model(victim) + trained + cells);
    }

    /// <summary>The network's input and output sizes without loading the data set.</summary>
    /// <param name="spec">A valid spec.</param>
    /// <param name="shape">What is known of the data set; what it declares unless given.</param>
    public static ClassifierShape ShapeOf(ExperimentSpec spec, DatasetShape? shape = null)
    {
        shape ??= spec.Dataset.Shape;
        return new(
            shape.Channels,
            shape.Height,
            shape.Width,
            Math.Max(shape.Classes, 2),
            Normalization.Identity(shape.Channels)
        );
    }

    /// <summary>Making a model.</summary>
    internal double Model(Victim victim) => FixedSeconds + spec.Origin.Seconds(victim, trainCount, pace);

    /// <summary>Training by a defense.</summary>
    internal double Trained(RobustTrainer defense) =>
        FixedSeconds + defense.TrainingImages(trainCount, spec.Training) / pace.TrainImagesPerSecond;

    /// <summary>Training the network that the attacker makes its trigger on; 0 where it needs none.</summary>
    internal double Attacker() =>
        spec.Attack is PreparedAttack
            ? FixedSeconds + (double)trainCount * spec.Training.Epochs / pace.TrainImagesPerSecond
            : 0;

    /// <summary>Making the trigger on it.</summary>
    internal double Asset() =>
        spec.Attack is PreparedAttack attack
            ? FixedSeconds + attack.AssetImages(trainCount, Math.Max(1, classes)) / pace.GradientImagesPerSecond
            : 0;

    internal double Cell(Precision precision, Defense? defense)
    {
        var measured = Math.Max(0, testCount - spec.CleanHoldout);
        if (defense is null)
        {
            // Clean images, and where there is a trigger the same with it.
            var passes = spec.Origin.KnowsAttack ? 2.0 : 1.0;
            return FixedSeconds
                + passes * measured / pace.ForwardImagesPerSecond
                + precision.LearningImages(trainCount, spec.CleanHoldout) / pace.GradientImagesPerSecond;
        }

        WorkSizes sizes = new(classes, trainCount, spec.CleanHoldout, measured);
        return FixedSeconds
            + Seconds(defense.Work(sizes))
            + (spec.Preflight ? Seconds(PlantedControls.Work(defense, sizes)) : 0);
    }

    private double Seconds(DefenseWork work) =>
        work.ForwardImages / pace.ForwardImagesPerSecond + work.GradientImages / pace.GradientImagesPerSecond;

    private static int Limit(int count, int limit) => limit > 0 && (count == 0 || limit < count) ? limit : count;
}
