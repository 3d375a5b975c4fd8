using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Quantization;

[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class Int8StaticTests
{
    private static readonly RunContext Run = new(new SeedTree(1));

    [Fact]
    public void Range_OfSignedValues_KeepsZeroExact()
    {
        // 3 over 15 levels: 0.2 a step; zero is the fifth integer.
        var range = ActivationRange.Of(-1, 2, 15);
        Assert.Equal(0.2, range.Scale, 12);
        Assert.Equal(5, range.ZeroPoint);
        using var scope = NewDisposeScope();
        // 0.33 is 1.65 steps, 5 lies beyond the last integer (10 steps above zero), -9 below the first (5 below).
        var rounded = range.Round(tensor(new float[] { 0, 0.33f, 5, -9 })).data<float>().ToArray();
        float[] expected = [0, 0.4f, 2, -1];
        Assert.All(rounded.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 5));
    }

    [Fact]
    public void Range_OfPositiveValues_StartsAtZero() => Assert.Equal(0, ActivationRange.Of(0.5, 2, 255).ZeroPoint);

    [Fact]
    public void LeastError_OfAFarOutlier_ClipsIt()
    {
        // 10,000 values up to a tenth of the range, one at its end: at four bits a step of the full range is worse than
        // losing one value.
        var counts = new double[100];
        counts.AsSpan(0, 10).Fill(1000);
        counts[99] = 1;
        var (low, high) = Calibration.LeastError(counts, 0, 1, 15);
        Assert.Equal(0, low);
        Assert.InRange(high, 0.09, 0.4);
        Assert.InRange(Calibration.LeastError([.. Enumerable.Repeat(1.0, 100)], 0, 1, 255).High, 0.95, 1);
    }

    [Fact]
    public void FoldedLayer_OfAConvolutionAndItsNorm_IsTheSameMap()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var layer = new Convolution(1, 1, 1);
        using var norm = new BatchNorm2d(1);
        layer.weight.fill_(2);
        norm.weight.fill_(3);
        norm.bias.fill_(0.5);
        norm.running_mean.fill_(1);
        norm.running_var.fill_(4 - norm.Eps);
        var (weight, bias) = FoldedLayer.Of(layer, norm);
        // Gain 3 / 2: weight 2 * 1.5, shift 0.5 - 1 * 1.5.
        Assert.Equal(3, weight.item<float>(), 5);
        Assert.Equal(-1, bias.item<float>(), 5);
    }

    [Theory]
    [InlineData("res-net8", RangeObserver.MinMax, QuantizedLibrary.X86, WeightScheme.PerChannelSymmetric)]
    [InlineData("res-net8", RangeObserver.Histogram, QuantizedLibrary.OneDnn, WeightScheme.PerChannelSymmetric)]
    [InlineData("res-net8", RangeObserver.Histogram, QuantizedLibrary.Fbgemm, WeightScheme.PerChannelSymmetric)]
    [InlineData("small-conv-net", RangeObserver.Histogram, QuantizedLibrary.X86, WeightScheme.PerChannelSymmetric)]
    [InlineData("res-net8", RangeObserver.Histogram, QuantizedLibrary.X86, WeightScheme.PerTensorSymmetric)]
    [InlineData("small-conv-net", RangeObserver.MinMax, QuantizedLibrary.Fbgemm, WeightScheme.PerTensorSymmetric)]
    public void Logits_OfTheIntegerKernels_AreWithinOneStepOfTheSimulation(
        string network,
        RangeObserver observer,
        QuantizedLibrary library,
        WeightScheme scheme
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var trained = SmallModels.Settled(network, SmallModels.Shape());
        var calibration = SmallModels.ImageSet(trained.Shape, 32);
        var kernels = new Int8Static
        {
            Observer = observer,
            Library = library,
            CalibrationImages = 32,
            WeightScheme = scheme,
        };
        using var integers = kernels.Convert(trained, calibration, Run);
        // All 32 images in another order: the same ranges.
        var ranges = Calibration.Ranges(trained, calibration, observer, Int8Static.Levels, Run);
        var images = SmallModels.Images(trained.Shape, 32);
        var found = integers.Logits(images);
        var simulated = integers.FloatModel.Logits(
            new StepArithmetic((step, values) => ranges[step].Round(values)),
            images
        );
        Assert.InRange(SmallModels.LargestDifference(found, simulated) / ranges[^1].Scale, 0, 1.01);
        Assert.True(SmallModels.LargestDifference(found, trained.call(images)) > 0);
        Assert.True(integers.Realisation.MultiplyAddShare > 0.99);
        Assert.True(integers.Realisation.ParameterShare > 0.98);
        Assert.Contains(
            scheme == WeightScheme.PerTensorSymmetric
                ? "(one scale per layer, symmetric"
                : "(per output channel, symmetric",
            integers.Realisation.Description
        );
    }

    // Random deep nets blow a single flipped tie up to several steps of the logits, so each step is compared on equal
    // inputs.
    [Theory]
    [InlineData("res-net8", WeightScheme.PerChannelSymmetric)]
    [InlineData("small-conv-net", WeightScheme.PerChannelSymmetric)]
    [InlineData("res-net18", WeightScheme.PerChannelSymmetric)]
    [InlineData("pre-act-res-net18", WeightScheme.PerChannelSymmetric)]
    [InlineData("fashion-cnn", WeightScheme.PerChannelSymmetric)]
    [InlineData("vgg19", WeightScheme.PerChannelSymmetric)]
    [InlineData("small-vit", WeightScheme.PerChannelSymmetric)]
    [InlineData("res-net8", WeightScheme.PerTensorSymmetric)]
    public void EveryStep_OnTheSameInput_IsWithinOneStepOfTheSimulation(string network, WeightScheme scheme) =>
        CompareSteps((ModelSource)MethodCatalog.Default.Find(network)!.CreateDefault(), scheme);

    // At 64 pixels the last maps of an ImageNet form have enough values for a share of them.
    public static TheoryData<ModelSource, int> OtherForms =>
        new()
        {
            {
                new Vgg19 { WidthDivisor = 4, BatchNorm = false },
                32
            },
            {
                new DenseNet121 { Growth = 12 },
                32
            },
            {
                new DenseNet121
                {
                    Growth = 12,
                    DepthDivisor = 2,
                    Form = NetworkForm.ImageNet,
                },
                64
            },
            {
                new ResNet18 { Form = NetworkForm.ImageNet },
                64
            },
        };

    [Theory]
    [MemberData(nameof(OtherForms))]
    public void EveryStep_OfAnotherForm_IsWithinOneStepOfTheSimulation(ModelSource source, int side) =>
        CompareSteps(source, WeightScheme.PerChannelSymmetric, side);

    private static void CompareSteps(ModelSource source, WeightScheme scheme, int side = 32)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        random.manual_seed(1);
        using var trained = SmallModels.Settled(SmallModels.Woken(source.Build(SmallModels.Shape(side: side))));
        var ranges = Calibration.Ranges(
            trained,
            SmallModels.ImageSet(trained.Shape, 32),
            RangeObserver.Histogram,
            Int8Static.Levels,
            Run
        );
        using var floatModel = WeightRounding.FloatModel(
            trained,
            layer =>
                WeightRounding.Nearest(
                    layer.Layer.weight,
                    WeightRounding.Scales(layer, WeightRounding.Int8Levels, scheme)
                )
        );
        using var integers = new IntegerArithmetic(ranges, scheme);
        var images = SmallModels.Images(trained.Shape, 8);
        QuantizedEngine.With(QuantizedLibrary.X86, () => trained.Logits(integers, images));
        var comparison = new StepComparison(integers, ranges);
        floatModel.Logits(comparison, images);
        Assert.Equal(ranges.Length, comparison.Largest.Count);
        Assert.All(comparison.Largest, difference => Assert.InRange(difference, 0, 1.01));
        Assert.All(
            comparison.Differing.Index(),
            step => Assert.InRange(step.Item, 0, comparison.Rescaling.Contains(step.Index) ? 0.01 : 0.001)
        );
    }

    // The last transition of DenseNet-121, which the library cannot pack as a convolution.
    [Fact]
    public void Convolution_OfHalfAMillionWeights1x1_IsWithinOneStepOfTheSimulation()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var layer = new Convolution(1024, 512, 1);
        layer.weight.copy_(WeightRounding.Symmetric(layer.weight, WeightRounding.Int8Levels, perChannel: true));
        ActivationRange[] ranges = [ActivationRange.Of(-1, 1, Int8Static.Levels), ActivationRange.Of(-6, 6, 255)];
        using var integers = new IntegerArithmetic(ranges, WeightScheme.PerChannelSymmetric);
        using var normalize = new PixelNormalization(new(1, 64, 128, 2, new Normalization([0.5f], [0.5f])));
        var image = integers.Enter(normalize, layer, rand(2, 1, 64, 128));
        var input = image.reshape(2, 4, 2, 1024).permute(0, 3, 1, 2);
        var found = QuantizedEngine.With(
            QuantizedLibrary.X86,
            () => integers.Convolve(layer, norm: null, relu: true, input)
        );
        var expected = ranges[1].Round(FloatArithmetic.Instance.Convolve(layer, null, true, input.dequantize()));
        Assert.Equal(new long[] { 2, 512, 4, 2 }, found.shape);
        Assert.InRange(SmallModels.LargestDifference(found.dequantize(), expected) / ranges[1].Scale, 0, 1.01);
    }

    [Fact]
    public void CalibrationImages_OfASetOrderedByClass_ComeFromAllOfIt()
    {
        var ordered = SmallModels.ImageSet(SmallModels.Shape(), 200) with
        {
            Labels = [.. Enumerable.Range(0, 200).Select(i => i / 20)],
        };
        var drawn = new Int8Static { CalibrationImages = 60 }.DrawImages(ordered, Run);
        Assert.Equal(60, drawn.Count);
        Assert.Equal(10, drawn.Labels.Distinct().Count());
        Assert.Equal(
            drawn.Labels,
            new Int8Static { CalibrationImages = 60 }
                .DrawImages(ordered, Run)
                .Labels
        );
    }

    [Fact]
    public void CalibratedOn_IsTheTrainingSetUnlessTheSpecSaysOtherwise()
    {
        Assert.Equal(CalibrationSet.Training, new Int8Static().CalibratedOn);
        Assert.Equal(
            CalibrationSet.CleanHoldout,
            new W4A4Simulated { CalibrationSet = CalibrationSet.CleanHoldout }.CalibratedOn
        );
    }

    [Fact]
    public void Convert_OfTooFewImages_IsNotApplicableAndSaysSo()
    {
        using var trained = SmallModels.Build("res-net8", SmallModels.Shape());
        var reason = Assert.Throws<NotApplicableException>(() =>
            new Int8Static().Convert(trained, SmallModels.ImageSet(trained.Shape, 15), Run)
        );
        Assert.Contains("15", reason.Message);
    }

    [Fact]
    public void Realisation_OfAShortHoldout_SaysHowManyWereAskedFor()
    {
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape());
        using var deployed = new Int8Static { CalibrationImages = 200 }.Convert(
            trained,
            SmallModels.ImageSet(trained.Shape, 20),
            Run
        );
        Assert.Contains("20 images of the training set, where 200 were asked for", deployed.Realisation.Description);
    }

    [Fact]
    public void Logits_OfOneChannelImages_AreThere()
    {
        using var scope = NewDisposeScope();
        using var trained = SmallModels.Settled("res-net8", SmallModels.Shape(channels: 1, side: 28));
        using var deployed = new Int8Static().Convert(trained, SmallModels.ImageSet(trained.Shape, 32), Run);
        using var noGrad = no_grad();
        var images = SmallModels.Images(trained.Shape, 8);
        var exact = trained.call(images);
        Assert.InRange((deployed.Logits(images) - exact).norm().item<float>() / exact.norm().item<float>(), 0, 0.05);
    }
}
