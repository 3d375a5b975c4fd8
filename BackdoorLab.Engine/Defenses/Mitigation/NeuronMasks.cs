using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Masks on channels and how they are learnt; the network itself stays as it is.</summary>
internal sealed class NeuronMasks : IDisposable
{
    private const double Momentum = 0.9;
    private static readonly Scalar Zero = 0f;
    private static readonly Scalar One = 1f;
    private readonly Classifier _network;
    private readonly nn.Module[] _layers;
    private readonly Dictionary<nn.Module, int> _numbers;
    private readonly Tensor[] _masks;
    private readonly Tensor[] _velocity;
    private readonly FrozenNetwork _frozen;
    private readonly RunContext _run;
    private readonly bool _bfloat16 = Trainer.UsesBFloat16(new());

    /// <summary>Masks of ones for every normalisation, or for every convolution of a network without any.</summary>
    internal NeuronMasks(Classifier network, RunContext run)
    {
        (_network, _run) = (network, run);
        nn.Module[] norms = [.. network.modules().OfType<BatchNorm2d>()];
        _layers = norms.Length > 0 ? norms : [.. ChannelGroups.Of(network).Select(group => group.Convolution)];
        _numbers = Enumerable.Range(0, _layers.Length).ToDictionary(i => _layers[i]);
        _masks = [.. _layers.Select(layer => Leaf(ones(Channels(layer))))];
        _velocity = [.. _masks.Select(mask => zeros_like(mask).DetachFromDisposeScope())];
        _frozen = new(network);
    }

    /// <summary>Masked channels.</summary>
    internal int Count => _masks.Sum(mask => (int)mask.shape[0]);

    /// <summary>All masks, layer by layer, in [0,1].</summary>
    internal double[] Values => [.. _masks.SelectMany(Inference.Floats).Select(value => (double)value)];

    /// <summary>
    /// One step (algorithm 1 of the paper): noise on every channel that raises the loss of the batch, then a step of
    /// the masks against the clean and the noisy loss together.
    /// </summary>
    /// <param name="images">float [n,C,H,W] in [0,1].</param>
    /// <param name="labels">int64 [n].</param>
    /// <param name="options">Sizes of noise and steps.</param>
    /// <param name="random">The noise's start.</param>
    internal void Step(Tensor images, Tensor labels, AdversarialNeuronPruning options, Random random)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        (Tensor Scale, Tensor Shift)[] noise =
        [
            .. _masks.Select(mask => (Noise(mask, options, random), Noise(mask, options, random))),
        ];
        for (var i = 0; i < options.NoiseSteps; i++)
        {
            Loss(images, labels, noise).backward();
            using var noGrad = no_grad();
            foreach (var part in noise.SelectMany(pair => new[] { pair.Scale, pair.Shift }))
            {
                // A convolution without bias has no shift.
                if (part.grad is { } gradient)
                {
                    part.add_(gradient.sign(), (Scalar)(options.NoiseSize / options.NoiseSteps));
                    part.grad = null;
                }
            }
        }

        ClearGradients();
        (Tensor, Tensor)[] still = [.. noise.Select(pair => (pair.Scale.detach(), pair.Shift.detach()))];
        var clean = Loss(images, labels, null).mul((Scalar)options.CleanWeight);
        var noisy = Loss(images, labels, still).mul((Scalar)(1 - options.CleanWeight));
        clean.add(noisy).backward();
        Descend(options.LearningRate);
    }

    /// <summary>A step of the masks against the loss of a batch alone.</summary>
    /// <param name="images">float [n,C,H,W] in [0,1].</param>
    /// <param name="labels">int64 [n].</param>
    /// <param name="weight">Factor of the loss.</param>
    /// <param name="rate">Learning rate.</param>
    internal void Descend(Tensor images, Tensor labels, double weight, double rate)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        ClearGradients();
        Loss(images, labels, null).mul((Scalar)weight).backward();
        Descend(rate);
    }

    /// <summary>
    /// Silences, in the network as it was given, the channels whose mask is at most <paramref name="cut"/>.
    /// </summary>
    /// <returns>How many.</returns>
    internal static int Prune(Classifier network, double[] masks, double cut)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        BatchNorm2d[] norms = [.. network.modules().OfType<BatchNorm2d>()];
        Tensor[][] scales =
            norms.Length > 0
                ? [.. norms.Select(norm => new Tensor[] { norm.weight })]
                : [.. ChannelGroups.Of(network).Select(group => Parts(group.Convolution))];
        var (at, count) = (0, 0);
        foreach (var parts in scales)
        {
            var channels = (int)parts[0].shape[0];
            long[] which = [.. Enumerable.Range(0, channels).Where(c => masks[at + c] <= cut).Select(c => (long)c)];
            foreach (var part in which.Length > 0 ? parts : [])
            {
                part.index_fill_(0, tensor(which), Zero);
            }

            (at, count) = (at + channels, count + which.Length);
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _frozen.Dispose();
        foreach (var state in _masks.Concat(_velocity))
        {
            state.Dispose();
        }
    }

    private static long Channels(nn.Module layer) =>
        layer is BatchNorm2d norm ? norm.weight.shape[0] : ((Convolution)layer).weight.shape[0];

    private static Tensor[] Parts(Convolution layer) => layer.bias is { } bias ? [layer.weight, bias] : [layer.weight];

    private static Tensor Leaf(Tensor values) => values.requires_grad_().DetachFromDisposeScope();

    private static Tensor Noise(Tensor like, AdversarialNeuronPruning options, Random random)
    {
        var values = new float[like.shape[0]];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(options.NoiseSize * (2 * random.NextDouble() - 1));
        }

        return tensor(values, requires_grad: true);
    }

    // Scale: mask plus noise; shift: one plus noise, without a mask.
    private Tensor Loss(Tensor images, Tensor labels, (Tensor Scale, Tensor Shift)[]? noise)
    {
        _run.ThrowIfCancelled();
        var arithmetic = new NoisyNorms(Factors, batchStatistics: true);
        using var autocast = Autocast.BFloat16If(_bfloat16);
        return nn.functional.cross_entropy(_network.Logits(arithmetic, images).to_type(ScalarType.Float32), labels);

        ChannelFactors? Factors(nn.Module layer)
        {
            if (!_numbers.TryGetValue(layer, out var i))
            {
                return null;
            }

            return noise is null
                ? new(_masks[i], ones_like(_masks[i]))
                : new(_masks[i].add(noise[i].Scale), noise[i].Shift.add(One));
        }
    }

    private void ClearGradients()
    {
        foreach (var mask in _masks)
        {
            mask.grad = null;
        }
    }

    private void Descend(double rate)
    {
        using var noGrad = no_grad();
        for (var i = 0; i < _masks.Length; i++)
        {
            _velocity[i].mul_((Scalar)Momentum).add_(_masks[i].grad!);
            _masks[i].add_(_velocity[i], (Scalar)(-rate)).clamp_(Zero, One);
        }

        ClearGradients();
    }
}
