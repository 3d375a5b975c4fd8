using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>What a stage of a network puts out.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Values">float [N, channels, h, w].</param>
internal sealed record StageMap(string Name, Tensor Values);

/// <summary>
/// Any arithmetic, with the stages of its last pass kept (<see cref="INetworkArithmetic.Stage"/>): their maps, in float
/// and with their gradients where the arithmetic has some.
/// </summary>
/// <param name="steps">Computes the steps.</param>
internal sealed class StageTap(INetworkArithmetic steps) : INetworkArithmetic, IDisposable
{
    private readonly List<StageMap> _stages = [];

    /// <summary>Stages of the last pass in the order they ended; they live until the next one.</summary>
    internal IReadOnlyList<StageMap> Stages => _stages;

    /// <summary>Names of a network's stages, by one pass over a black image; empty where it has none.</summary>
    internal static IReadOnlyList<string> Names(Classifier network)
    {
        if (network.IsOpaque)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wasTraining = network.training;
        network.eval();
        using var tap = new StageTap(FloatArithmetic.Instance);
        tap.Logits(network, zeros(1, network.Shape.Channels, network.Shape.Height, network.Shape.Width));
        network.train(wasTraining);
        return [.. tap.Stages.Select(stage => stage.Name)];
    }

    /// <summary>Logits of a pass, whose <see cref="Stages"/> replace those of the one before.</summary>
    internal Tensor Logits(Classifier network, Tensor images)
    {
        Dispose();
        return network.Logits(this, images);
    }

    /// <summary>Forgets the maps.</summary>
    public void Dispose()
    {
        _stages.ForEach(stage => stage.Values.Dispose());
        _stages.Clear();
    }

    /// <inheritdoc/>
    public void Stage(string name, Tensor values)
    {
        steps.Stage(name, values);

        // A handle of its own, that outlives the scope of the network's intermediates; the memory is shared.
        var kept = values.is_quantized() ? values.dequantize() : values.alias();
        _stages.Add(new(name, kept.DetachFromDisposeScope()));
    }

    /// <inheritdoc/>
    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images) =>
        steps.Enter(normalize, first, images);

    /// <inheritdoc/>
    public Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input) =>
        steps.Convolve(layer, norm, relu, input);

    /// <inheritdoc/>
    public Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input) => steps.Normalize(norm, relu, input);

    /// <inheritdoc/>
    public Tensor Add(Tensor values, Tensor side, bool relu) => steps.Add(values, side, relu);

    /// <inheritdoc/>
    public Tensor Concatenate(IReadOnlyList<Tensor> parts) => steps.Concatenate(parts);

    /// <inheritdoc/>
    public Tensor Connect(FullyConnected layer, bool relu, Tensor input) => steps.Connect(layer, relu, input);

    /// <inheritdoc/>
    public Tensor Gelu(Tensor input) => steps.Gelu(input);

    /// <inheritdoc/>
    public Tensor Scale(Tensor input, Scalar factor) => steps.Scale(input, factor);

    /// <inheritdoc/>
    public Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0) =>
        steps.MaxPool(input, size, stride, padding);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) => steps.AveragePool(input, height, width);

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => steps.GlobalAverage(input);

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => steps.Flatten(input);

    /// <inheritdoc/>
    public Tensor Embed(Tensor patches, Tensor classToken, Tensor positions) =>
        steps.Embed(patches, classToken, positions);

    /// <inheritdoc/>
    public Tensor NormalizeTokens(LayerNormalization norm, Tensor tokens) => steps.NormalizeTokens(norm, tokens);

    /// <inheritdoc/>
    public Tensor Attend(Tensor queriesKeysValues, int heads) => steps.Attend(queriesKeysValues, heads);

    /// <inheritdoc/>
    public Tensor ClassToken(Tensor tokens) => steps.ClassToken(tokens);

    /// <inheritdoc/>
    public Tensor Grid(Tensor tokens, int height, int width) => steps.Grid(tokens, height, width);

    /// <inheritdoc/>
    public Tensor Mask(Tensor input, Tensor mask) => steps.Mask(input, mask);
}
