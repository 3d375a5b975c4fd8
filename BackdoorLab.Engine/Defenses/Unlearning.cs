using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Training steps up or down the loss of a small set, with one momentum over all of them and a brake: the ascent has no
/// lower end, so it stops where the network knows no more of the set than a guess.
/// </summary>
internal sealed class Unlearning : IDisposable
{
    private const double Momentum = 0.9;
    private readonly Classifier _network;
    private readonly SgdOptimizer _optimizer;
    private readonly RunContext _run;
    private readonly double _rate;
    private readonly int _batchSize;
    private readonly bool _bfloat16;
    private int _pass;

    /// <summary>Begins on a network, which is changed in place.</summary>
    /// <param name="network">The network.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="batchSize">Images of a step.</param>
    /// <param name="weightDecay">L2 penalty.</param>
    /// <param name="recipe">Says whether steps are in bfloat16.</param>
    /// <param name="run">Random streams and cancellation.</param>
    internal Unlearning(
        Classifier network,
        double rate,
        int batchSize,
        double weightDecay,
        TrainOptions recipe,
        RunContext run
    )
    {
        (_network, _rate, _batchSize, _run) = (network, rate, batchSize, run);
        _optimizer = new SgdOptimizer(network, Momentum, weightDecay);
        _bfloat16 = Trainer.UsesBFloat16(recipe);
    }

    /// <summary>Whether the network gets no more of a set right than a guess would.</summary>
    internal static bool IsUnlearnt(Classifier network, ImageSet images, RunContext run)
    {
        network.eval();
        return Inference.Accuracy(network, images, run) <= 1.0 / images.Classes;
    }

    /// <summary>One pass over a set in random order, or so many of its steps.</summary>
    /// <param name="images">The set.</param>
    /// <param name="up">Whether the loss is raised.</param>
    /// <param name="steps">Steps at most.</param>
    /// <param name="augmentation">Random changes of the images.</param>
    /// <returns>Steps done.</returns>
    internal int Pass(ImageSet images, bool up, int steps = int.MaxValue, Augmentation augmentation = default)
    {
        var seeds = _run.Seeds.Child("pass").Child(_pass++);
        int[] order = [.. Enumerable.Range(0, images.Count)];
        seeds.Child("order").Random().Shuffle(order);
        _network.train();
        var done = 0;
        for (var start = 0; start < order.Length && done < steps; start += _batchSize, done++)
        {
            _run.ThrowIfCancelled();
            NativeMemory.Step(done);
            using var scope = NewDisposeScope();
            var indices = order.AsSpan(start, Math.Min(_batchSize, order.Length - start));
            var batch = Batches.Images(images, indices, augmentation, seeds.Child(done).Random());
            var labels = Batches.Labels(images, indices);
            _optimizer.ClearGradients();
            TrainingStep.Backward(
                () =>
                {
                    var loss = nn.functional.cross_entropy(TrainingStep.Logits(_network, batch), labels);
                    return up ? loss.neg() : loss;
                },
                _bfloat16
            );
            _optimizer.Step(_rate);
        }

        return done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.ClearGradients();
        _optimizer.Dispose();
    }
}
