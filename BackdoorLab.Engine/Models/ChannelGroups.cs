using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// A convolution and the normalisation that alone reads its result: one unit for each output channel.
/// </summary>
/// <param name="Name">State-dict name of the convolution.</param>
/// <param name="Convolution">The layer.</param>
/// <param name="Norm">
/// The normalisation of its output, directly or after a max pooling; null where there is none, where it reads other
/// channels too, or where the output goes to others as well (a shortcut).
/// </param>
public sealed record ChannelGroup(string Name, Convolution Convolution, BatchNorm2d? Norm)
{
    /// <summary>Units.</summary>
    public int Channels => (int)Convolution.weight.shape[0];

    /// <summary>
    /// Makes channels give zero from now on: scale and shift of their norm, or kernel and bias where there is none.
    /// </summary>
    /// <param name="channels">int64 [n], numbers of channels.</param>
    public void Silence(Tensor channels)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var parts = Norm is null
            ? new[] { Convolution.weight, (Tensor?)Convolution.bias }
            : [Norm.weight, (Tensor?)Norm.bias];
        foreach (var part in parts.OfType<Tensor>())
        {
            part.index_fill_(0, channels, 0);
        }
    }
}

/// <summary>
/// The convolutional units of any network, found by running it: no network has to declare them, and a method that masks
/// or scales channels works on every one that has some. Patches of a transformer are none.
/// </summary>
internal static class ChannelGroups
{
    /// <summary>All groups in the order they run, by one pass over a black image.</summary>
    /// <exception cref="NotApplicableException">The network has no convolutions, none but the one that cuts the image
    /// into patches, or they cannot be had.</exception>
    internal static IReadOnlyList<ChannelGroup> Of(Classifier network)
    {
        var names = network
            .named_modules()
            .Where(entry => entry.module is Convolution)
            .ToDictionary(entry => (Convolution)entry.module, entry => entry.name);
        if (names.Count == 0)
        {
            throw new NotApplicableException("This network has no convolutions.");
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wasTraining = network.training;
        network.eval();
        var pairing = new Pairing();
        network.Logits(pairing, zeros(1, network.Shape.Channels, network.Shape.Height, network.Shape.Width));
        network.train(wasTraining);
        pairing.Pairs.RemoveAll(pair => pairing.Patches.Contains(pair.Layer));
        return pairing.Pairs.Count == 0
            ? throw new NotApplicableException(
                "This network is a transformer: its one convolution cuts the image into patches, and it has no channels that could be masked or scaled alone."
            )
            : [.. pairing.Pairs.Select(pair => new ChannelGroup(names[pair.Layer], pair.Layer, pair.Norm))];
    }

    // What a step returns is the very object that the next one gets, so objects tell which norm reads which layer.
    private sealed class Pairing : FloatArithmetic
    {
        private readonly Dictionary<Tensor, int> _from = new(ReferenceEqualityComparer.Instance);

        internal List<(Convolution Layer, BatchNorm2d? Norm)> Pairs { get; } = [];

        // What cuts the image into tokens: its outputs are places of every token, which attention mixes.
        internal HashSet<Convolution> Patches { get; } = [];

        public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input)
        {
            Share(input);
            Pairs.Add((layer, norm));
            var output = base.Convolve(layer, norm, relu, input);
            if (norm is null)
            {
                _from[output] = Pairs.Count - 1;
            }

            return output;
        }

        public override Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0)
        {
            var output = base.MaxPool(input, size, stride, padding);
            if (_from.TryGetValue(input, out var pair))
            {
                _from[output] = pair;
            }

            return output;
        }

        public override Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input)
        {
            if (_from.TryGetValue(input, out var pair))
            {
                Pairs[pair] = (Pairs[pair].Layer, norm);
            }

            return base.Normalize(norm, relu, input);
        }

        public override Tensor Add(Tensor values, Tensor side, bool relu)
        {
            Share(values);
            Share(side);
            return base.Add(values, side, relu);
        }

        public override Tensor Concatenate(IReadOnlyList<Tensor> parts)
        {
            foreach (var part in parts)
            {
                Share(part);
            }

            return base.Concatenate(parts);
        }

        public override Tensor Embed(Tensor patches, Tensor classToken, Tensor positions)
        {
            if (_from.TryGetValue(patches, out var pair))
            {
                Patches.Add(Pairs[pair].Layer);
            }

            return base.Embed(patches, classToken, positions);
        }

        private void Share(Tensor output)
        {
            if (_from.TryGetValue(output, out var pair))
            {
                Pairs[pair] = (Pairs[pair].Layer, null);
            }
        }
    }
}
