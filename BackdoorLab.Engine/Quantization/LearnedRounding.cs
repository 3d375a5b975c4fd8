using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Chooses for every weight whether it is rounded down or up. AdaRound (Nagel et al., "Up or Down? Adaptive Rounding
/// for Post-Training Quantization", ICML 2020): layer after layer a rectified sigmoid h in [0,1] for each weight is
/// learned so that the layer's output on the already rounded part's activations is that of the float network, while a
/// regulariser drives h to 0 or 1. EFRAP (Li et al., "Nearest is Not Dearest", CVPR 2024) adds a cross-entropy that
/// draws h to the opposite of the nearest integer, weighted with the error that rounding to the nearest makes: what a
/// weight was hidden behind the edge of its interval for is not given back. Departures: hundreds of steps instead of
/// ten thousand, with Adam at 0.02 instead of 0.001 for it; each term is scale-free (error relative to that of rounding
/// to the nearest, the other two a mean over weights, truncation in steps), so that one setting serves 4 and 8 bits;
/// activations stay float while it is learned.
/// </summary>
/// <param name="flip">Whether to draw away from the nearest integer (EFRAP).</param>
/// <param name="steps">Steps for each layer.</param>
/// <param name="scales">Scales of a layer's weights, shaped to divide them.</param>
/// <param name="levels">Largest integer.</param>
internal sealed class LearnedRounding(bool flip, int steps, Func<LayerStep, Tensor> scales, int levels)
{
    /// <summary>Images of a step.</summary>
    internal const int BatchSize = 32;

    private const int PassBatch = 128;
    private const float Stretch = 1.2f;
    private const float Shift = 0.1f;
    private const double LearningRate = 0.02;
    private const float FlipWeight = 4;
    private const float HardWeight = 1;
    private const double WarmUpShare = 0.2;
    private const double FirstExponent = 20;
    private const double LastExponent = 2;
    private const float Tiny = 1e-8f;
    private const float HeldWithin = 1e-3f;

    /// <summary>
    /// A copy in evaluation mode with learned multiples of the scales as weights. The caller owns it.
    /// </summary>
    internal Classifier Of(Classifier trained, ImageSet clean, RunContext run)
    {
        var rounded = trained.Clone();
        try
        {
            rounded.eval();
            foreach (var parameter in rounded.parameters())
            {
                parameter.requires_grad = false;
            }

            var layers = LayerStep.InOrder(rounded);
            var originals = LayerStep.InOrder(trained);
            for (var i = 0; i < layers.Count; i++)
            {
                using var scope = NewDisposeScope();
                var (inputs, _) = Record(rounded, layers[i].Layer, clean, run);
                var (_, outputs) = Record(trained, originals[i].Layer, clean, run);
                Learn(layers[i], inputs, outputs, run, i, layers.Count);
            }

            return rounded;
        }
        catch
        {
            rounded.Dispose();
            throw;
        }
    }

    /// <summary>The rectified sigmoid: clamp(1.2 sigmoid(v) - 0.1, 0, 1).</summary>
    internal static Tensor Share(Tensor variable) =>
        variable.sigmoid().mul(tensor(Stretch)).sub(tensor(Shift)).clamp(0, 1);

    /// <summary>
    /// The variable at which <see cref="Share"/> is <paramref name="fraction"/>, so that learning starts from the float
    /// weight.
    /// </summary>
    internal static Tensor Start(Tensor fraction) =>
        tensor(Stretch).div(fraction.add(tensor(Shift))).sub(tensor(1f)).log().neg();

    /// <summary>
    /// Mean over weights of truncation times cross-entropy between h and the opposite of the nearest integer: a weight
    /// 0.3 above an integer is drawn up with weight 0.3.
    /// </summary>
    internal static Tensor Flip(Tensor share, Tensor fraction)
    {
        var nearest = fraction.round();
        var truncation = fraction.sub(nearest).abs();
        var up = share.add(tensor(Tiny)).log();
        var down = tensor(1f).sub(share).add(tensor(Tiny)).log();
        return where(nearest.gt(tensor(0.5f)), down, up).mul(truncation).mean().neg();
    }

    /// <summary>Mean over weights of 1 - |2h - 1|^exponent: 0 where every h is 0 or 1.</summary>
    internal static Tensor Undecided(Tensor share, double exponent) =>
        tensor(1f).sub(share.mul(tensor(2f)).sub(tensor(1f)).abs().pow(tensor((float)exponent))).mean();

    /// <summary>What goes into a layer and what its step puts out for all images, in the caller's scope.</summary>
    private static (Tensor Inputs, Tensor Outputs) Record(
        Classifier network,
        WeightLayer layer,
        ImageSet images,
        RunContext run
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (inputs, outputs) = (new List<Tensor>(), new List<Tensor>());
        for (var start = 0; start < images.Count; start += PassBatch)
        {
            run.ThrowIfCancelled();
            using var batch = NewDisposeScope();
            var tap = new LayerTap(layer);
            network.Logits(
                tap,
                Batches.Images(images, [.. Enumerable.Range(start, Math.Min(PassBatch, images.Count - start))])
            );
            inputs.Add(tap.Input!);
            outputs.Add(tap.Output!);
        }

        var all = (cat(inputs).MoveToOuterDisposeScope(), cat(outputs).MoveToOuterDisposeScope());
        inputs.Concat(outputs).ToList().ForEach(part => part.Dispose());
        return all;
    }

    private void Learn(LayerStep step, Tensor inputs, Tensor outputs, RunContext run, int number, int count)
    {
        var weight = step.Layer.weight.detach();
        var scale = scales(step);
        var floor = weight.div(scale).floor();
        var fraction = weight.div(scale).sub(floor);
        // What sets a scale stays at its largest integer, or rounding to the nearest would find another scale
        // afterwards.
        var largest = weight.div(scale).round();
        var held = largest
            .abs()
            .eq(tensor((float)levels))
            .logical_and(weight.div(scale).sub(largest).abs().lt(tensor(HeldWithin)));
        using var variable = new RoundingVariable(Start(fraction));
        using var optimizer = new AdamOptimizer(variable, weightDecay: 0);
        var unit = Error(WeightRounding.Nearest(weight, scale), inputs, outputs).clamp_min(Tiny);
        var random = run.Seeds.Child(number).Random();
        for (var i = 0; i < steps; i++)
        {
            run.Progress((double)number * steps + i, (double)count * steps, "rounding steps");
            using var scope = NewDisposeScope();
            var rows = tensor([.. Enumerable.Range(0, BatchSize).Select(_ => (long)random.Next((int)inputs.shape[0]))]);
            var share = Share(variable.value);
            var loss = Error(Multiples(share), inputs.index_select(0, rows), outputs.index_select(0, rows)).div(unit);
            if (flip)
            {
                loss = loss.add(Flip(share, fraction).mul(tensor(FlipWeight)));
            }

            if (i >= WarmUpShare * steps)
            {
                loss = loss.add(Undecided(share, Exponent(i)).mul(tensor(HardWeight)));
            }

            optimizer.ClearGradients();
            loss.backward();
            optimizer.Step(LearningRate);
        }

        using var noGrad = no_grad();
        step.Layer.weight.copy_(Multiples(Share(variable.value).round()));

        Tensor Multiples(Tensor share) => where(held, largest, floor.add(share).clamp(-levels, levels)).mul(scale);

        Tensor Error(Tensor weights, Tensor input, Tensor output) =>
            step.Run(new OtherWeights(_ => weights), input).sub(output).square().mean();
    }

    /// <summary>The optimiser takes parameters from a module.</summary>
    private sealed class RoundingVariable : nn.Module
    {
        public Parameter value;

        internal RoundingVariable(Tensor start)
            : base(nameof(RoundingVariable))
        {
            value = new Parameter(start.detach(), requires_grad: true);
            value.DetachFromDisposeScope();
            RegisterComponents();
        }
    }

    private double Exponent(int step)
    {
        var position = (step - WarmUpShare * steps) / ((1 - WarmUpShare) * steps);
        return LastExponent + (FirstExponent - LastExponent) * (1 - position);
    }
}
