using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// The deployed model's side of reversing triggers without gradients: one forward pass an update, of images that carry
/// the trigger and of images that carry it shifted by plus and minus a random sign vector. Every image through the
/// model is counted.
/// </summary>
internal sealed class QueriedInversion(
    DeployedClassifier model,
    ImageSet images,
    GradientFreeNeuralCleanse options,
    RunContext run
) : IDisposable
{
    private readonly Scalar _step = options.Perturbation;
    private readonly Scalar _half = 0.5;
    private long _updates;

    internal ImageSet Images => images;

    internal GradientFreeNeuralCleanse Options => options;

    internal RunContext Run => run;

    internal TriggerGrid Grid { get; } = new(images, options.MaskCells, options.PatternCells);

    /// <summary>Images that went through the model so far.</summary>
    internal long Queries { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        _half.Dispose();
    }

    /// <summary>Tries a trigger on all images.</summary>
    internal HoldoutSuccess Try(int target, ReversedTrigger trigger) =>
        HoldoutSuccess.Measure(
            images.Count,
            target,
            options.SuccessThreshold,
            indices =>
            {
                NativeMemory.Step(_updates++);
                Queries += indices.Length;
                return model.Logits(trigger.On(Batches.Images(images, indices), images));
            },
            run
        );

    /// <summary>
    /// Moves a trigger one step and returns the share of images that it sent to <paramref name="target"/> before.
    /// </summary>
    internal double Update(int target, Squashed cells, ImageOrder order, Random random, double cost)
    {
        NativeMemory.Step(_updates++);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var signs = Signs(random);
        var shift = signs.mul(_step);
        var theta = tensor(cells.Theta.ToArray(), new long[] { 1, Grid.Count });
        var plain = Stamp(Batches.Images(images, order.Next(options.BatchSize)), theta);
        var pairs = Batches.Images(images, order.Next(options.Pairs));
        var shifted = Stamp(cat([pairs, pairs]), cat([theta.add(shift), theta.sub(shift)]));
        var logits = model.Logits(cat([plain, shifted]));
        Queries += logits.shape[0];
        var rows = Inference.Floats(logits);
        var (hits, slopes) = Read(rows, rows.Length / (options.BatchSize + 2 * options.Pairs), target);
        var gradient = new float[Grid.Count];
        Inference.CopyTo(AlignedTensor.Of(slopes, 1, slopes.Length).mm(signs).flatten(), gradient);
        cells.Descend(gradient, cost, Grid.Areas);
        return (double)hits / options.BatchSize;
    }

    // One row of plus and minus ones for each pair.
    private Tensor Signs(Random random)
    {
        var signs = new float[options.Pairs * Grid.Count];
        var bits = new byte[(signs.Length + 7) / 8];
        random.NextBytes(bits);
        for (var i = 0; i < signs.Length; i++)
        {
            signs[i] = (bits[i >> 3] >> (i & 7) & 1) * 2 - 1;
        }

        return AlignedTensor.Of(signs, options.Pairs, Grid.Count);
    }

    private Tensor Stamp(Tensor batch, Tensor theta)
    {
        var values = theta.tanh().mul(_half).add(_half);
        var mask = values.index_select(1, tensor(Grid.MaskCells)).reshape(-1, 1, images.Height, images.Width);
        var pattern = values
            .index_select(1, tensor(Grid.PatternCells))
            .reshape(-1, images.Height, images.Width, images.Channels);
        return batch.lerp(pattern.permute(0, 3, 1, 2), mask);
    }

    // How many of the unshifted images reach the target, and for each pair the slope of the loss along its signs, over
    // the number of pairs.
    private (int Hits, float[] Slopes) Read(float[] rows, int classes, int target)
    {
        var (plain, pairs) = (options.BatchSize, options.Pairs);
        var hits = Inference.ArgMax(rows.AsSpan(0, plain * classes), plain).Count(label => label == target);
        var slopes = new float[pairs];
        for (var pair = 0; pair < pairs; pair++)
        {
            var difference = Loss(plain + pair) - Loss(plain + pairs + pair);
            slopes[pair] = (float)(difference / (2 * options.Perturbation * pairs));
        }

        return (hits, slopes);

        double Loss(int row) => CrossEntropy(rows.AsSpan(row * classes, classes), target);
    }

    private static double CrossEntropy(ReadOnlySpan<float> logits, int target)
    {
        var (largest, sum) = (float.NegativeInfinity, 0.0);
        foreach (var logit in logits)
        {
            largest = Math.Max(largest, logit);
        }

        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return Math.Log(sum) + largest - logits[target];
    }
}
