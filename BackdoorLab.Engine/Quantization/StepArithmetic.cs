using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Float arithmetic with a function applied to every result that a quantized network would quantize: ranges are observed, or values
/// rounded, there. Such steps are numbered from 0 in the order they run, which is the same for every batch.
/// </summary>
/// <param name="at">Gets the step's number and its result; returns what the next step gets. It may work in place.</param>
internal sealed class StepArithmetic(Func<int, Tensor, Tensor> at) : INetworkArithmetic
{
    private static readonly FloatArithmetic Float = FloatArithmetic.Instance;
    private int _step;

    /// <inheritdoc/>
    public Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images)
    {
        _step = 0;
        return At(Float.Enter(normalize, first, images));
    }

    /// <inheritdoc/>
    public Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool rectify, Tensor input) => At(Float.Convolve(layer, norm, rectify, input));

    /// <inheritdoc/>
    public Tensor Normalize(BatchNorm2d norm, bool rectify, Tensor input) => At(Float.Normalize(norm, rectify, input));

    /// <inheritdoc/>
    public Tensor Add(Tensor values, Tensor side, bool rectify) => At(Float.Add(values, side, rectify));

    /// <inheritdoc/>
    public Tensor Connect(FullyConnected layer, bool rectify, Tensor input) => At(Float.Connect(layer, rectify, input));

    /// <inheritdoc/>
    public Tensor GlobalAverage(Tensor input) => At(Float.GlobalAverage(input));

    /// <inheritdoc/>
    public Tensor MaxPool(Tensor input, int size) => Float.MaxPool(input, size);

    /// <inheritdoc/>
    public Tensor AveragePool(Tensor input, int height, int width) => At(Float.AveragePool(input, height, width));

    /// <inheritdoc/>
    public Tensor Flatten(Tensor input) => Float.Flatten(input);

    /// <inheritdoc/>
    public Tensor Mask(Tensor input, Tensor mask) => Float.Mask(input, mask);

    private Tensor At(Tensor values) => at(_step++, values);
}
