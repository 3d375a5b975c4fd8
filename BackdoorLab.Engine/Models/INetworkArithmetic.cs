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

    /// <summary>
    /// Maps of equal size one behind the other, [N, sum of channels, h, w]; at least two of them.
    /// </summary>
    Tensor Concatenate(IReadOnlyList<Tensor> parts);

    /// <summary>
    /// Fully connected layer [..., inputs] to [..., outputs], of features or of every token, then ReLU where asked.
    /// </summary>
    Tensor Connect(FullyConnected layer, bool relu, Tensor input);

    /// <summary>x times the standard normal distribution function of x, for every value.</summary>
    Tensor Gelu(Tensor input);

    /// <summary>Times a positive constant. An integer form changes the scale and no value.</summary>
    Tensor Scale(Tensor input, Scalar factor);

    /// <summary>
    /// Largest value of each square of <paramref name="size"/> pixels. Squares are <paramref name="stride"/> pixels
    /// apart, side by side unless given; <paramref name="padding"/> pixels on each side of the map count as smaller
    /// than any value.
    /// </summary>
    Tensor MaxPool(Tensor input, int size, int? stride = null, int padding = 0);

    /// <summary>Averages to a map of <paramref name="height"/> x <paramref name="width"/>.</summary>
    Tensor AveragePool(Tensor input, int height, int width);

    /// <summary>Average over the whole map, [N, channels].</summary>
    Tensor GlobalAverage(Tensor input);

    /// <summary>[N, channels * height * width], row-major.</summary>
    Tensor Flatten(Tensor input);

    /// <summary>
    /// Tokens of a transformer [N, 1 + h * w, width]: <paramref name="classToken"/> [1, 1, width], then the patches
    /// [N, width, h, w] row by row, each with its own of <paramref name="positions"/> [1, 1 + h * w, width] added.
    /// </summary>
    Tensor Embed(Tensor patches, Tensor classToken, Tensor positions);

    /// <summary>Layer normalisation of every token [..., width].</summary>
    Tensor NormalizeTokens(LayerNormalization norm, Tensor tokens);

    /// <summary>
    /// Attention between all tokens of an image, in <paramref name="heads"/> heads of their own: queries, keys and
    /// values [N, tokens, 3 * width], one behind the other, to the values [N, tokens, width] averaged with the softmax
    /// of the products of queries and keys over the root of a head's width.
    /// </summary>
    Tensor Attend(Tensor queriesKeysValues, int heads);

    /// <summary>The class token [N, width] of tokens [N, tokens, width].</summary>
    Tensor ClassToken(Tensor tokens);

    /// <summary>The tokens of the patches as a map [N, width, height, width of the map]; a view.</summary>
    Tensor Grid(Tensor tokens, int height, int width);

    /// <summary>
    /// Tells that a stage of the network is done; no step, and nothing is computed. A stage is what repairs and
    /// detectors compare between networks: a resolution of a convolutional network, a third of a transformer.
    /// </summary>
    /// <param name="name">The stage's name, as its weights are named where they have a name.</param>
    /// <param name="values">
    /// Its result after the non-linearity, or before that of the next one where blocks begin with theirs,
    /// [N, channels, h, w] (tokens in their <see cref="Grid"/>, without the class token).
    /// </param>
    void Stage(string name, Tensor values) { }

    /// <summary>Multiplies channels by a mask float [1, channels, 1, 1] of zeros and ones: pruned channels.</summary>
    Tensor Mask(Tensor input, Tensor mask);
}
