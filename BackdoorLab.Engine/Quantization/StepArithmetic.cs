using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Float arithmetic with a function applied to every result that a quantized network would quantize: ranges are
/// observed, or values rounded, there. Such steps are numbered from 0 in the order they run, which is the same for
/// every batch.
/// </summary>
/// <param name="at">Gets the step's number and its result; returns what the next step gets. It may work in
/// place.</param>
/// <param name="steps">Computes the steps; the network's own float arithmetic unless given.</param>
internal sealed class StepArithmetic(Func<int, Tensor, Tensor> at, FloatArithmetic? steps = null) : INetworkArithmetic
{
    private readonly FloatArithmetic _float = steps ?? FloatArithmetic.Instance;
    private int _step;

    /// <inheritdoc/>
    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images)
    {
        _step = 0;
        return At(_float.Enter(normalize, first, images));
    }

    /// <inheritdoc/>
    public Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input) =>
        At(_float.Convolve(layer, norm, relu, input));

    /// <inheritdoc/>
    public Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input) => At(_float.Normalize(norm, relu, input));

    /// <inheritdoc/>
    public Tensor Add(Tensor values, Tensor side, bool relu) => At(_float.Add(values, side, relu));

    /// <inheritdoc/>
    public Tensor Concatenate(IReadOnlyList<Tensor> parts) => At(_float.Concatenate(parts));

    /// <inheritdoc/>
    public Tensor Connect(FullyConnected layer, bool relu, Tensor input) => At(_float.Connect(layer, relu, input));

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => At(_float.GlobalAverage(input));

    /// <inheritdoc/>
    public Tensor Gelu(Tensor input) => At(_float.Gelu(input));

    /// <inheritdoc/>
    /// <remarks>No step: what is scaled keeps its integers.</remarks>
    public Tensor Scale(Tensor input, Scalar factor) => _float.Scale(input, factor);

    /// <inheritdoc/>
    public Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0) =>
        _float.MaxPool(input, size, stride, padding);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) => At(_float.AveragePool(input, height, width));

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => _float.Flatten(input);

    /// <inheritdoc/>
    public Tensor Embed(Tensor patches, Tensor classToken, Tensor positions) =>
        At(_float.Embed(patches, classToken, positions));

    /// <inheritdoc/>
    public Tensor NormalizeTokens(LayerNormalization norm, Tensor tokens) => At(_float.NormalizeTokens(norm, tokens));

    /// <inheritdoc/>
    public Tensor Attend(Tensor queriesKeysValues, int heads) => At(_float.Attend(queriesKeysValues, heads));

    /// <inheritdoc/>
    public Tensor ClassToken(Tensor tokens) => _float.ClassToken(tokens);

    /// <inheritdoc/>
    public Tensor Grid(Tensor tokens, int height, int width) => _float.Grid(tokens, height, width);

    /// <inheritdoc/>
    public Tensor Mask(Tensor input, Tensor mask) => _float.Mask(input, mask);

    /// <inheritdoc/>
    public void Stage(string name, Tensor values) => _float.Stage(name, values);

    private Tensor At(Tensor values) => at(_step++, values);
}
