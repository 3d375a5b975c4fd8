using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>
/// VGG-19: sixteen 3x3 convolutions with biases in five stages, each followed by a max pool that halves the image. The
/// small form has one linear layer after the mean of the last map (at 32x32 that map is one pixel); the ImageNet form
/// averages to 7x7 and has two hidden layers of 4096 units. Names are torchvision's (<c>features.N</c> counts
/// normalisations, ReLUs and pools too); in the small form <c>classifier</c> is the linear layer itself.
/// </summary>
public sealed class VggNetwork : Classifier
{
    private const int Halvings = 32;
    private const int ImageNetMap = 7;
    private const int ImageNetHidden = 4096;
    private static readonly (int Channels, int Convolutions)[] Plan = [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)];

    private readonly PixelNormalization normalize;
    private readonly NamedModules features = new();
    private readonly nn.Module classifier;
    private readonly (Convolution Convolution, BatchNorm2d? Norm)[][] _stages;
    private readonly FullyConnected[] _linear;
    private readonly NetworkForm _form;
    private readonly bool _batchNorm;
    private readonly int _widthDivisor;

    /// <summary>Builds the network with fresh weights.</summary>
    /// <param name="shape">Image size; a side below 32 pixels is framed in black to 32.</param>
    /// <param name="form">How it ends.</param>
    /// <param name="batchNorm">Whether every convolution is normalised.</param>
    /// <param name="widthDivisor">Divides the channels of every convolution.</param>
    public VggNetwork(ClassifierShape shape, NetworkForm form, bool batchNorm, int widthDivisor)
        : base(nameof(VggNetwork))
    {
        (Shape, _form, _batchNorm, _widthDivisor) = (shape, form, batchNorm, widthDivisor);
        normalize = new PixelNormalization(shape);
        var (inputs, number) = (shape.Channels, 0);
        _stages = new (Convolution, BatchNorm2d?)[Plan.Length][];
        for (var stage = 0; stage < Plan.Length; stage++)
        {
            _stages[stage] = new (Convolution, BatchNorm2d?)[Plan[stage].Convolutions];
            for (var i = 0; i < _stages[stage].Length; i++)
            {
                var outputs = Plan[stage].Channels / widthDivisor;
                var convolution = features.Add($"{number++}", new Convolution(inputs, outputs, 3, hasBias: true));
                var norm = batchNorm ? features.Add($"{number++}", new BatchNorm2d(outputs)) : null;
                _stages[stage][i] = (convolution, norm);
                inputs = outputs;

                // The ReLU.
                number++;
            }

            // The max pool.
            number++;
        }

        if (form == NetworkForm.Small)
        {
            _linear = [new FullyConnected(inputs, shape.Classes)];
            classifier = _linear[0];
        }
        else
        {
            var hidden = ImageNetHidden / widthDivisor;
            var named = new NamedModules();

            // Behind each hidden layer stand its ReLU and its dropout.
            _linear =
            [
                named.Add("0", new FullyConnected(inputs * ImageNetMap * ImageNetMap, hidden)),
                named.Add("3", new FullyConnected(hidden, hidden)),
                named.Add("6", new FullyConnected(hidden, shape.Classes)),
            ];
            classifier = named;
        }

        RegisterComponents();
    }

    /// <inheritdoc/>
    public override ClassifierShape Shape { get; }

    /// <inheritdoc/>
    public override int FeatureCount => (int)_linear[^1].weight.shape[1];

    /// <inheritdoc/>
    public override int LastConvChannels => (int)_stages[^1][^1].Convolution.weight.shape[0];

    /// <inheritdoc/>
    public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images)
    {
        using var scope = NewDisposeScope();
        using var framed = BlackFrame.Around(images, Math.Max(Halvings, Shape.Height), Math.Max(Halvings, Shape.Width));
        var values = arithmetic.Enter(normalize, _stages[0][0].Convolution, framed);
        for (var stage = 0; stage < _stages.Length; stage++)
        {
            if (stage > 0)
            {
                values = Replaced(values, arithmetic.MaxPool(values, 2));
            }

            foreach (var (convolution, norm) in _stages[stage])
            {
                values = Replaced(values, arithmetic.Convolve(convolution, norm, relu: true, values));
            }

            arithmetic.Stage($"stage{stage + 1}", values);
        }

        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations)
    {
        using var scope = NewDisposeScope();
        var values = arithmetic.MaxPool(activations, 2);
        if (_form == NetworkForm.Small)
        {
            var isOnePixel = values.shape[2] * values.shape[3] == 1;
            return (
                isOnePixel ? arithmetic.Flatten(values) : arithmetic.GlobalAverage(values)
            ).MoveToOuterDisposeScope();
        }

        if (values.shape[2] != ImageNetMap || values.shape[3] != ImageNetMap)
        {
            values = arithmetic.AveragePool(values, ImageNetMap, ImageNetMap);
        }

        values = arithmetic.Flatten(values);
        foreach (var layer in _linear[..^1])
        {
            values = arithmetic.Connect(layer, relu: true, values);
        }

        return values.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
        arithmetic.Connect(_linear[^1], relu: false, features);

    /// <inheritdoc/>
    protected override Classifier CreateLike() => new VggNetwork(Shape, _form, _batchNorm, _widthDivisor);

    // Gives memory back as soon as evaluation is past it; training keeps what gradients need.
    private static Tensor Replaced(Tensor old, Tensor values)
    {
        old.Dispose();
        return values;
    }
}
