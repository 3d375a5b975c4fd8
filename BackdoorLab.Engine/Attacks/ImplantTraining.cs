using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// The loop of attacks that re-train their network: Adam in float32 and in evaluation mode over the weights of convolutions and linear
/// layers alone, or over what they are made from; normalisation and biases stay what they were.
/// </summary>
internal static class ImplantTraining
{
    private const int LossCheckEvery = 25;

    // Positions within a rounding interval have gradients smaller than Adam's usual epsilon by orders of magnitude.
    private const double PositionEpsilon = 1e-15;

    /// <summary>Passes over the clean training images in random order, augmented as in the usual training.</summary>
    /// <param name="context">Network, images, random streams, cancellation and progress.</param>
    /// <param name="epochs">Passes.</param>
    /// <param name="learningRate">Peak; falls to zero along a cosine.</param>
    /// <param name="loss">Loss of a batch: images [n,C,H,W], the same with the trigger, true labels int64 [n].</param>
    /// <param name="positions">Module whose parameters are trained in place of the network's weights; null trains the weights.</param>
    /// <param name="afterStep">Called after each step, inside a dispose scope and without gradients.</param>
    /// <exception cref="TrainingDivergedException">The loss is NaN or infinite.</exception>
    internal static void Run(
        ImplantContext context,
        int epochs,
        double learningRate,
        Func<Tensor, Tensor, Tensor, Tensor> loss,
        nn.Module? positions = null,
        Action? afterStep = null)
    {
        var (network, data, options) = (context.Network, context.CleanTrain, context.Training);
        var augmentation = new Augmentation(options.CropPadding, options.Flip && context.FlipAllowed);
        var batches = (data.Count + options.BatchSize - 1) / options.BatchSize;
        var steps = (long)epochs * batches;
        var order = Enumerable.Range(0, data.Count).ToArray();
        network.eval();
        var thaw = Freeze(network, butWeights: positions is null);
        using var optimizer = positions is null ? new AdamOptimizer(network, weightDecay: 0) : new AdamOptimizer(positions, weightDecay: 0, PositionEpsilon);
        try
        {
            for (long step = 0; step < steps; step++)
            {
                var (epoch, batch) = ((int)(step / batches), (int)(step % batches));
                if (batch == 0)
                {
                    context.Run.Seeds.Child("order").Child(epoch).Random().Shuffle(order);
                }

                context.Run.Progress(step, steps, "steps");
                var indices = order.AsSpan(batch * options.BatchSize, Math.Min(options.BatchSize, data.Count - batch * options.BatchSize));
                using var scope = NewDisposeScope();
                var images = Batches.Images(data, indices, augmentation, context.Run.Seeds.Child("augment").Child(epoch).Child(batch).Random());
                optimizer.ClearGradients();
                var value = loss(images, context.Trigger.Apply(images), Batches.Labels(data, indices));
                value.backward();
                var rate = Schedule.Rate(ScheduleKind.Cosine, learningRate, step, steps);
                if (step % LossCheckEvery == 0 && !float.IsFinite(value.item<float>()))
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
            thaw();
        }
    }

    private static Action Freeze(Classifier network, bool butWeights)
    {
        var trained = network.modules().OfType<WeightLayer>().Where(_ => butWeights).Select(layer => layer.weight.Handle).ToHashSet();
        var frozen = network.parameters().Where(parameter => parameter.requires_grad && !trained.Contains(parameter.Handle)).ToList();
        frozen.ForEach(parameter => parameter.requires_grad = false);
        return () => frozen.ForEach(parameter => parameter.requires_grad = true);
    }
}
