using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>The layers between the features of a network and its logits, found by running them.</summary>
internal sealed class HeadLayers : FloatArithmetic
{
    private readonly List<Tensor> _parameters = [];

    private HeadLayers() { }

    /// <summary>Parameters of the head.</summary>
    internal static IReadOnlyList<Tensor> Of(Classifier network)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var head = new HeadLayers();
        network.Head(head, zeros(1, network.FeatureCount));
        return head._parameters;
    }

    /// <inheritdoc/>
    public override Tensor Connect(FullyConnected layer, bool relu, Tensor input)
    {
        _parameters.Add(layer.weight);
        if (layer.bias is { } bias)
        {
            _parameters.Add(bias);
        }

        return base.Connect(layer, relu, input);
    }
}
