using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>A convolution or linear layer with what its step does after it.</summary>
internal sealed record LayerStep(WeightLayer Layer, BatchNorm2d? Norm, bool Relu)
{
    /// <summary>The step's result for an input.</summary>
    internal Tensor Run(INetworkArithmetic arithmetic, Tensor input) =>
        Layer is Convolution convolution
            ? arithmetic.Convolve(convolution, Norm, Relu, input)
            : arithmetic.Connect((FullyConnected)Layer, Relu, input);

    /// <summary>The layers of a network in the order they run, by a pass over one black image.</summary>
    internal static List<LayerStep> InOrder(Classifier network)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tap = new LayerTap(null);
        network.Logits(tap, zeros(1, network.Shape.Channels, network.Shape.Height, network.Shape.Width));
        return tap.Steps;
    }
}

/// <summary>
/// Float arithmetic that notes the layers in the order they run, and keeps what goes into one of them and what its step
/// puts out.
/// </summary>
/// <param name="kept">The layer whose input and output are kept, detached from dispose scopes; null keeps none.</param>
internal sealed class LayerTap(WeightLayer? kept) : FloatArithmetic
{
    internal List<LayerStep> Steps { get; } = [];

    internal Tensor? Input { get; private set; }

    internal Tensor? Output { get; private set; }

    /// <inheritdoc/>
    public override Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input) =>
        Note(new(layer, norm, relu), input, base.Convolve(layer, norm, relu, input));

    /// <inheritdoc/>
    public override Tensor Connect(FullyConnected layer, bool relu, Tensor input) =>
        Note(new(layer, null, relu), input, base.Connect(layer, relu, input));

    // Copies: the network may add to either in place.
    private Tensor Note(LayerStep step, Tensor input, Tensor output)
    {
        Steps.Add(step);
        if (step.Layer == kept)
        {
            (Input, Output) = (input.clone().DetachFromDisposeScope(), output.clone().DetachFromDisposeScope());
        }

        return output;
    }
}
