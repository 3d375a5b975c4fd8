using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>How long and how fast a trained network is trained further.</summary>
/// <param name="Epochs">Passes over the images.</param>
/// <param name="BatchSize">Images of a step.</param>
/// <param name="LearningRate">Peak; falls to zero along a cosine.</param>
/// <param name="Augmentation">Random changes of the images; none unless given.</param>
/// <param name="AdamEpsilon">Added to the root of Adam's second moment: gradients well below it move nothing.</param>
/// <param name="Betas">How much of Adam's moments stays after a step; 0.9 and 0.999 unless given.</param>
internal sealed record FineTuningPlan(
    int Epochs,
    int BatchSize,
    double LearningRate,
    Augmentation Augmentation = default,
    double AdamEpsilon = AdamOptimizer.UsualEpsilon,
    (double First, double Second)? Betas = null
);

/// <summary>
/// Further training of a trained network with a loss of the caller's: Adam over what requires a gradient, in float32
/// and in evaluation mode, so that normalisation keeps its running statistics. Not resumed in the middle: a cancelled
/// one starts again.
/// </summary>
internal static class FineTuning
{
    private const int LossCheckEvery = 25;

    /// <summary>Passes over the images in random order, augmented.</summary>
    /// <param name="network">Changed in place and left in evaluation mode, without gradients.</param>
    /// <param name="data">Images with their labels.</param>
    /// <param name="plan">Passes, batch size, rate, augmentation.</param>
    /// <param name="run">Random streams, cancellation (checked every step), progress in steps.</param>
    /// <param name="loss">Loss of a batch: images float [n,C,H,W] in [0,1], labels int64 [n].</param>
    /// <param name="positions">Module whose parameters are trained in place of the network's own; null trains the
    /// network.</param>
    /// <param name="afterStep">Called after each step, inside a dispose scope and without gradients.</param>
    /// <exception cref="TrainingDivergedException">The loss is NaN or infinite.</exception>
    internal static void Run(
        Classifier network,
        ImageSet data,
        FineTuningPlan plan,
        RunContext run,
        Func<Tensor, Tensor, Tensor> loss,
        nn.Module? positions = null,
        Action? afterStep = null
    )
    {
        ArgumentOutOfRangeException.ThrowIfZero(data.Count);
        var batches = (data.Count + plan.BatchSize - 1) / plan.BatchSize;
        var steps = (long)plan.Epochs * batches;
        var order = Enumerable.Range(0, data.Count).ToArray();
        network.eval();
        using var gradients = enable_grad();
        using var optimizer = new AdamOptimizer(
            positions ?? network,
            weightDecay: 0,
            plan.AdamEpsilon,
            betas: plan.Betas
        );
        try
        {
            for (long step = 0; step < steps; step++)
            {
                var (epoch, batch) = ((int)(step / batches), (int)(step % batches));
                if (batch == 0)
                {
                    run.Seeds.Child("order").Child(epoch).Random().Shuffle(order);
                }

                run.Progress(step, steps, "steps");
                var indices = order.AsSpan(
                    batch * plan.BatchSize,
                    Math.Min(plan.BatchSize, data.Count - batch * plan.BatchSize)
                );
                using var scope = NewDisposeScope();
                var images = Batches.Images(
                    data,
                    indices,
                    plan.Augmentation,
                    run.Seeds.Child("augment").Child(epoch).Child(batch).Random()
                );
                optimizer.ClearGradients();
                var value = loss(images, Batches.Labels(data, indices));
                value.backward();
                var rate = Schedule.Rate(ScheduleKind.Cosine, plan.LearningRate, step, steps);
                // Reading the loss waits for it; the last one is read too, so that no ruined network passes for a
                // trained one.
                if ((step % LossCheckEvery == 0 || step == steps - 1) && !float.IsFinite(value.item<float>()))
                {
                    throw new TrainingDivergedException(epoch + 1, step, rate);
                }

                optimizer.Step(rate);
                using var noGrad = no_grad();
                afterStep?.Invoke();
                NativeMemory.Step(step);
            }
        }
        finally
        {
            optimizer.ClearGradients();
        }
    }
}
