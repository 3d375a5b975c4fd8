using System.Runtime.InteropServices;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// The convolutional encoder and decoder that Input-aware makes masks and patterns with: pairs of normalised 3x3
/// convolutions at falling sizes with twice the channels each, a middle one, and back up by bilinear interpolation; the
/// last is not rectified but squashed to (0, 1), tanh(x)/2 + 1/2. Three sizes down, two for images below 32 pixels, as
/// in the released code for CIFAR-10 and MNIST.
/// </summary>
internal sealed class PatternNetwork : nn.Module<Tensor, Tensor>
{
    // Of the released code; the usual one is twice as much.
    private const double NormMomentum = 0.05;
    private const int MostSizes = 3;
    private const int SmallestMap = 4;

    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Two = 2f;

    private readonly NamedModules layers = new();
    private readonly Layer[] _plan;
    private readonly (Convolution Convolution, BatchNorm2d Norm)[] _layers;

    /// <summary>Fresh weights.</summary>
    /// <param name="shape">Sizes.</param>
    internal PatternNetwork(PatternShape shape)
        : base(nameof(PatternNetwork))
    {
        _plan = [.. Plan(shape)];
        _layers =
        [
            .. _plan.Select(
                (layer, number) =>
                    (
                        layers.Add($"conv{number}", new Convolution(layer.Inputs, layer.Outputs, 3, hasBias: true)),
                        layers.Add($"norm{number}", new BatchNorm2d(layer.Outputs, momentum: NormMomentum))
                    )
            ),
        ];
        RegisterComponents();
    }

    /// <summary>Maps in (0, 1), float [N, outputs, H, W], of images float [N,C,H,W] in [0,1].</summary>
    public override Tensor forward(Tensor images) =>
        Pass(_plan, images, (number, values) => _layers[number].Norm.call(_layers[number].Convolution.call(values)));

    /// <summary>
    /// Kernels and biases of all layers in order, normalisations folded in: what <see cref="Frozen"/> needs.
    /// </summary>
    internal float[] Folded()
    {
        using var scope = NewDisposeScope();
        var values = new List<float>();
        foreach (var (convolution, norm) in _layers)
        {
            var (weight, bias) = FoldedLayer.Of(convolution, norm);
            values.AddRange(Inference.Floats(weight));
            values.AddRange(Inference.Floats(bias));
        }

        return [.. values];
    }

    /// <summary>
    /// The same map in evaluation mode as a function of its folded weights, which holds no tensor between calls.
    /// </summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="folded">As <see cref="Folded"/> gives them; what is behind them is not read.</param>
    internal static Func<Tensor, Tensor> Frozen(PatternShape shape, ReadOnlySpan<float> folded)
    {
        Layer[] plan = [.. Plan(shape)];
        var layers = new (float[] Weight, float[] Bias)[plan.Length];
        for (var number = 0; number < plan.Length; number++)
        {
            var weights = plan[number].Weights;
            layers[number] = (folded[..weights].ToArray(), folded.Slice(weights, plan[number].Outputs).ToArray());
            folded = folded[(weights + plan[number].Outputs)..];
        }

        return images =>
        {
            using var noGrad = no_grad();
            return Pass(plan, images, Convolve);
        };

        Tensor Convolve(int number, Tensor values) =>
            nn.functional.conv2d(
                values,
                tensor(layers[number].Weight, new long[] { plan[number].Outputs, plan[number].Inputs, 3, 3 }),
                tensor(layers[number].Bias),
                strides: [1, 1],
                padding: [1, 1]
            );
    }

    /// <summary>Numbers that <see cref="Folded"/> gives.</summary>
    internal static int CountOf(PatternShape shape) => Plan(shape).Sum(layer => layer.Weights + layer.Outputs);

    /// <summary>Floats as bytes, as an asset stores them.</summary>
    internal static byte[] Bytes(ReadOnlySpan<float> values) => MemoryMarshal.AsBytes(values).ToArray();

    private static Tensor Pass(Layer[] plan, Tensor images, Func<int, Tensor, Tensor> convolve)
    {
        using var scope = NewDisposeScope();
        var sizes = new Stack<(long Height, long Width)>();
        var values = images;
        for (var number = 0; number < plan.Length; number++)
        {
            if (plan[number].Step == SizeStep.Up)
            {
                var (height, width) = sizes.Pop();
                values = nn.functional.interpolate(
                    values,
                    size: [height, width],
                    mode: InterpolationMode.Bilinear,
                    align_corners: false
                );
            }

            values = convolve(number, values);
            values = number == plan.Length - 1 ? values.mul(Two).sigmoid() : values.relu();
            if (plan[number].Step == SizeStep.Down)
            {
                sizes.Push((values.shape[2], values.shape[3]));
                values = nn.functional.max_pool2d(values, 2);
            }
        }

        return values.MoveToOuterDisposeScope();
    }

    private static IEnumerable<Layer> Plan(PatternShape shape)
    {
        var sizes = Math.Clamp((int)Math.Log2(Math.Max(1, shape.Side / SmallestMap)), 1, MostSizes);
        var (inputs, outputs) = (shape.Channels, shape.Width);
        for (var size = 0; size < sizes; size++, outputs *= 2)
        {
            yield return new(inputs, outputs, SizeStep.None);
            yield return new(outputs, outputs, SizeStep.Down);
            inputs = outputs;
        }

        yield return new(inputs, inputs, SizeStep.None);
        for (var size = sizes - 1; size >= 0; size--)
        {
            outputs = size == 0 ? shape.Outputs : inputs / 2;
            yield return new(inputs, inputs, SizeStep.Up);
            yield return new(inputs, outputs, SizeStep.None);
            inputs = outputs;
        }
    }

    /// <summary>Where the map's size changes: before a layer, or behind it.</summary>
    private enum SizeStep
    {
        None,
        Down,
        Up,
    }

    private readonly record struct Layer(int Inputs, int Outputs, SizeStep Step)
    {
        internal int Weights => Outputs * Inputs * 9;
    }
}

/// <summary>Sizes of a <see cref="PatternNetwork"/>.</summary>
/// <param name="Channels">Of the image.</param>
/// <param name="Side">The image's shorter side in pixels.</param>
/// <param name="Width">Channels of the first layers.</param>
/// <param name="Outputs">Channels of the map: the image's for patterns, one for masks.</param>
internal readonly record struct PatternShape(int Channels, int Side, int Width, int Outputs);
