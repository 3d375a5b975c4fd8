using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>How a repair trains on clean images: SGD with momentum 0.9.</summary>
/// <param name="Epochs">Passes over the images.</param>
/// <param name="BatchSize">Images of a step; all of them where there are fewer.</param>
/// <param name="LearningRate">Peak.</param>
internal sealed record TuningPlan(int Epochs, int BatchSize, double LearningRate)
{
    /// <summary>Rate over the steps.</summary>
    internal ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>L2 penalty.</summary>
    internal double WeightDecay { get; init; } = 5e-4;

    /// <summary>Nesterov's form of momentum.</summary>
    internal bool Nesterov { get; init; }

    /// <summary>Pixels of zero padding of a random crop; 0 crops nothing.</summary>
    internal int CropPadding { get; init; }

    /// <summary>Share of each label that is spread over all classes.</summary>
    internal double LabelSmoothing { get; init; }

    /// <summary>Models measured for the curve, the first and the last among them; 0 measures none.</summary>
    internal int CurvePoints { get; init; }

    /// <summary>What the curve's abscissa counts.</summary>
    internal string Phase { get; init; } = "epochs of fine-tuning";

    /// <summary>Epochs trained before, of another part of the same phase.</summary>
    internal int From { get; init; }

    /// <summary>Images through forward and backward pass.</summary>
    internal double Images(int images) => (double)Epochs * images;
}

/// <summary>Training of a repair on the defender's clean images, with its curve.</summary>
internal static class HoldoutTuning
{
    /// <summary>Trains a network in place and leaves it in evaluation mode.</summary>
    /// <param name="network">The copy that is repaired.</param>
    /// <param name="images">Clean images.</param>
    /// <param name="plan">How long and how fast.</param>
    /// <param name="context">Random streams, cancellation, curve.</param>
    /// <param name="stream">Name of the random streams.</param>
    /// <param name="hooks">Another loss, or another step; null for cross-entropy.</param>
    internal static void Run(
        Classifier network,
        ImageSet images,
        TuningPlan plan,
        DefenseContext context,
        string stream = "fine-tune",
        TrainingHooks? hooks = null
    )
    {
        var observed = ChannelPruning.CurveCounts([.. Enumerable.Range(0, plan.Epochs + 1)], plan.CurvePoints);
        if (plan.From == 0)
        {
            Observe(0, network);
        }

        Trainer.Train(
            network,
            images,
            new TrainOptions
            {
                Epochs = plan.Epochs,
                BatchSize = Math.Min(plan.BatchSize, images.Count),
                LearningRate = plan.LearningRate,
                Schedule = plan.Schedule,
                WeightDecay = plan.WeightDecay,
                Nesterov = plan.Nesterov,
                CropPadding = plan.CropPadding,
                LabelSmoothing = plan.LabelSmoothing,
            },
            context.Run.Child(stream),
            (hooks ?? new()) with
            {
                EpochFinished = report => Observe(report.Epoch, report.Model),
            },
            context.FlipAllowed
        );

        // Epoch 0 is the network as it was given.
        void Observe(int epoch, Classifier model)
        {
            if (observed.Contains(epoch))
            {
                context.Observe(plan.Phase, plan.From + epoch, model);
            }
        }
    }
}
