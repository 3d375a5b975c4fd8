using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// Normalisation, ReLU, 1x1 convolution to four times the growth, normalisation, ReLU, 3x3 convolution to the growth:
/// what a layer adds to the maps before it.
/// </summary>
internal sealed class DenseLayer : nn.Module
{
    private const int Bottleneck = 4;

    private readonly BatchNorm2d norm1;
    private readonly Convolution conv1;
    private readonly BatchNorm2d norm2;
    private readonly Convolution conv2;

    internal DenseLayer(int inputs, int growth)
        : base(nameof(DenseLayer))
    {
        norm1 = new BatchNorm2d(inputs);
        conv1 = new Convolution(inputs, Bottleneck * growth, 1);
        norm2 = new BatchNorm2d(Bottleneck * growth);
        conv2 = new Convolution(Bottleneck * growth, growth, 3);
        RegisterComponents();
    }

    /// <summary>The new maps [N, growth, h, w]; <paramref name="input"/> is left as it is.</summary>
    internal Tensor Run(INetworkArithmetic arithmetic, Tensor input)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.Normalize(norm1, relu: true, input);
        values = arithmetic.Convolve(conv1, norm2, relu: true, values);
        return arithmetic.Convolve(conv2, norm: null, relu: false, values).MoveToOuterDisposeScope();
    }
}

/// <summary>Layers each of which reads what came into the block and everything that those before it added.</summary>
internal sealed class DenseBlock : nn.Module
{
    private readonly DenseLayer[] _layers;

    internal DenseBlock(int inputs, int layers, int growth)
        : base(nameof(DenseBlock))
    {
        _layers = [.. Enumerable.Range(0, layers).Select(i => new DenseLayer(inputs + i * growth, growth))];
        for (var i = 0; i < layers; i++)
        {
            register_module($"denselayer{i + 1}", _layers[i]);
        }
    }

    /// <summary>All maps [N, inputs + layers * growth, h, w].</summary>
    internal Tensor Run(INetworkArithmetic arithmetic, Tensor input)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor> { input };
        var joined = input;
        foreach (var layer in _layers)
        {
            parts.Add(layer.Run(arithmetic, joined));
            var next = arithmetic.Concatenate(parts);
            if (!ReferenceEquals(joined, input))
            {
                // Evaluation needs one concatenation at a time; training keeps them all for its gradients.
                joined.Dispose();
            }

            joined = next;
        }

        return joined.MoveToOuterDisposeScope();
    }
}

/// <summary>Normalisation, ReLU, 1x1 convolution to half of the channels, mean over squares of 2x2.</summary>
internal sealed class DenseTransition : nn.Module
{
    private readonly BatchNorm2d norm;
    private readonly Convolution conv;

    internal DenseTransition(int inputs)
        : base(nameof(DenseTransition))
    {
        norm = new BatchNorm2d(inputs);
        conv = new Convolution(inputs, inputs / 2, 1);
        RegisterComponents();
    }

    internal Tensor Run(INetworkArithmetic arithmetic, Tensor input)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.Normalize(norm, relu: true, input);
        values = arithmetic.Convolve(conv, norm: null, relu: false, values);
        return arithmetic
            .AveragePool(values, (int)values.shape[2] / 2, (int)values.shape[3] / 2)
            .MoveToOuterDisposeScope();
    }
}
