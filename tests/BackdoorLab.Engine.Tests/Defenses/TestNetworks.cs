using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>Logits are a weighted sum of the pixels.</summary>
internal sealed class LinearNetwork : Classifier
{
    private readonly PixelNormalization normalize;
    private readonly FullyConnected fc;
    private readonly float[] weights;

    internal LinearNetwork(ClassifierShape shape, float[] weights)
        : base("linear")
    {
        (Shape, this.weights) = (shape, weights);
        FeatureCount = shape.Channels * shape.Height * shape.Width;
        normalize = new PixelNormalization(shape);
        fc = new FullyConnected(FeatureCount, shape.Classes);
        RegisterComponents();
        TestNetworks.Fill(fc.weight, weights);
        TestNetworks.Fill(fc.bias!, new float[shape.Classes]);
        eval();
    }

    public override ClassifierShape Shape { get; }

    public override int FeatureCount { get; }

    public override int LastConvChannels => 0;

    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) =>
        arithmetic.Enter(normalize, fc, images);

    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) => arithmetic.Flatten(activations);

    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(fc, relu: false, features);

    protected override Classifier CreateLike() => new LinearNetwork(Shape, weights);
}

/// <summary>
/// A 1x1 convolution with ReLU, mean over positions, a linear head. Calls <see cref="Forwarded"/> before each pass.
/// </summary>
internal sealed class ColourNetwork : Classifier
{
    private readonly Convolution conv;
    private readonly FullyConnected fc;
    private readonly BatchNorm2d? norm;
    private readonly (float[] Kernel, float[] Bias, float[] Head, int Channels) weights;

    internal ColourNetwork(
        ClassifierShape shape,
        int channels,
        float[] kernel,
        float[] bias,
        float[] head,
        bool normalized = false
    )
        : base("colour")
    {
        weights = (kernel, bias, head, channels);
        norm = normalized ? new BatchNorm2d(channels) : null;
        Shape = shape;
        conv = new Convolution(shape.Channels, channels, 1, hasBias: true);
        fc = new FullyConnected(channels, shape.Classes);
        RegisterComponents();
        TestNetworks.Fill(conv.weight, kernel);
        TestNetworks.Fill(conv.bias!, bias);
        TestNetworks.Fill(fc.weight, head);
        TestNetworks.Fill(fc.bias!, new float[shape.Classes]);
        eval();
    }

    internal Action Forwarded { get; set; } = () => { };

    public override ClassifierShape Shape { get; }

    public override int FeatureCount => weights.Channels;

    public override int LastConvChannels => weights.Channels;

    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        Forwarded();
        var values = arithmetic.Convolve(conv, norm, relu: true, images);
        arithmetic.Stage("conv", values);
        return values;
    }

    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) =>
        arithmetic.GlobalAverage(activations);

    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(fc, relu: false, features);

    protected override Classifier CreateLike() => Copy();

    internal ColourNetwork Copy() =>
        new(Shape, weights.Channels, weights.Kernel, weights.Bias, weights.Head, norm is not null)
        {
            Forwarded = Forwarded,
        };
}

/// <summary>A float network deployed as it is.</summary>
internal sealed class FloatDeployed(Classifier twin, GradientAccess gradients = GradientAccess.True)
    : DeployedClassifier(twin, true)
{
    public override Realisation Realisation => new("float", "float32", 0, 0);

    public override GradientAccess Gradients => gradients;

    public override Tensor Logits(Tensor images)
    {
        using var noGradient = no_grad();
        return FloatModel.call(images);
    }

    public override Tensor Features(Tensor images)
    {
        using var noGradient = no_grad();
        return FloatModel.Features(images);
    }

    public override IReadOnlyList<(string Name, Tensor Values)> Stages(Tensor images)
    {
        using var noGradient = no_grad();
        using var tap = new StageTap(FloatArithmetic.Instance);
        tap.Logits(FloatModel, images).Dispose();
        return [.. tap.Stages.Select(stage => (stage.Name, stage.Values.clone()))];
    }
}

internal static class TestNetworks
{
    internal static readonly string[] Colours = ["red", "green", "blue"];

    internal static ClassifierShape Shape(int channels, int size, int classes)
    {
        var (mean, deviation) = (new float[channels], new float[channels]);
        Array.Fill(deviation, 1f);
        return new ClassifierShape(channels, size, size, classes, new Normalization(mean, deviation));
    }

    internal static void Fill(Tensor parameter, float[] values)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        parameter.copy_(tensor(values, parameter.shape));
    }

    /// <summary>
    /// Tells red, green and blue images by their mean colour. Channel 3 is silent on them and fires on white, where it
    /// dictates class 0: a backdoor in a dormant channel.
    /// </summary>
    internal static ColourNetwork Backdoored() => Backdoored(normalized: false);

    /// <summary>The same, with a batch normalisation that changes nothing.</summary>
    internal static ColourNetwork Normalized() => Backdoored(normalized: true);

    private static ColourNetwork Backdoored(bool normalized) =>
        new(
            Shape(3, 8, 3),
            4,
            [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1],
            [0, 0, 0, -2.5f],
            [10, 0, 0, 1000, 0, 10, 0, 0, 0, 0, 10, 0],
            normalized
        );

    /// <summary>8x8 images of one colour of random strength each, labels 0 to 2.</summary>
    internal static ImageSet ColouredImages(int count, Random random)
    {
        var (pixels, labels) = (new byte[count * 3 * 64], new int[count]);
        for (var i = 0; i < count; i++)
        {
            labels[i] = i % 3;
            for (var p = 0; p < 64; p++)
            {
                pixels[(i * 3 + labels[i]) * 64 + p] = (byte)random.Next(100, 220);
            }
        }

        return new ImageSet(pixels, labels, 3, 8, 8, Colours);
    }

    /// <summary>The images with a white pixel in the corner.</summary>
    internal static ImageSet Stamp(ImageSet images)
    {
        var stamped = images.WithCopiedPixels();
        for (var plane = 0; plane < images.Count * 3; plane++)
        {
            stamped.Pixels[plane * 64] = 255;
        }

        return stamped;
    }
}
