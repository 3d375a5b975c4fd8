using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// The arithmetic that a network's steps are run with. A network states its topology once, against this interface;
/// float training and inference, calibration, simulated quantization and integer kernels are implementations. A network
/// passes on what a step returned and does not look inside: it may be a quantized tensor. Steps come in the same order
/// for every batch.
/// </summary>
public interface INetworkArithmetic
{
    /// <summary>
    /// Pixels in [0,1] [N,C,H,W], normalised and in the form that the first layer takes. The first step of every pass.
    /// </summary>
    Tensor Enter(PixelNormalization normalize, WeightLayer first, Tensor images);

    /// <summary>Convolution, then normalisation and ReLU where asked.</summary>
    Tensor Convolve(Convolution layer, BatchNorm2d? norm, bool relu, Tensor input);

    /// <summary>Batch normalisation that no convolution comes directly before, then ReLU where asked.</summary>
    Tensor Normalize(BatchNorm2d norm, bool relu, Tensor input);

    /// <summary>Sum of two branches, then ReLU where asked. <paramref name="values"/> may be overwritten.</summary>
    Tensor Add(Tensor values, Tensor side, bool relu);

    /// <summary>Fully connected layer [N, inputs] to [N, outputs], then ReLU where asked.</summary>
    Tensor Connect(FullyConnected layer, bool relu, Tensor input);

    /// <summary>x times the standard normal distribution function of x, for every value.</summary>
    Tensor Gelu(Tensor input);

    /// <summary>Times a positive constant. An integer form changes the scale and no value.</summary>
    Tensor Scale(Tensor input, Scalar factor);

    /// <summary>Largest value of each square of <paramref name="size"/> pixels.</summary>
    Tensor MaxPool(Tensor input, int size);

    /// <summary>Averages to a map of <paramref name="height"/> x <paramref name="width"/>.</summary>
    Tensor AveragePool(Tensor input, int height, int width);

    /// <summary>Average over the whole map, [N, channels].</summary>
    Tensor GlobalAverage(Tensor input);

    /// <summary>[N, channels * height * width], row-major.</summary>
    Tensor Flatten(Tensor input);

    /// <summary>
    /// Tells that a stage of the network is done; no step, and nothing is computed. A stage is what repairs and
    /// detectors compare between networks: a resolution of a convolutional network, a third of a transformer.
    /// </summary>
    /// <param name="name">The stage's name, as its weights are named.</param>
    /// <param name="values">
    /// Its result after the non-linearity, [N, channels, h, w] (tokens in their grid, without the class token).
    /// </param>
    void Stage(string name, Tensor values) { }

    /// <summary>Multiplies channels by a mask float [1, channels, 1, 1] of zeros and ones: pruned channels.</summary>
    Tensor Mask(Tensor input, Tensor mask);
}
