using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

/// <summary>VGG-19, DenseNet-121 and the ImageNet form of ResNet-18: names, channel groups, stages, padding.</summary>
[Collection("torch")]
public sealed class BenchmarkNetworkTests
{
    [Fact]
    public void Names_OfVgg19_AreTorchvisions()
    {
        using var normalised = new Vgg19 { WidthDivisor = 8 }.Build(SmallModels.Shape());
        using var plain = new Vgg19 { WidthDivisor = 8, BatchNorm = false }.Build(SmallModels.Shape());
        using var large = new Vgg19 { WidthDivisor = 16, Form = NetworkForm.ImageNet }.Build(
            SmallModels.Shape(side: 64)
        );

        // torchvision's vgg19_bn ends with a convolution 49 and its normalisation 50, vgg19 with a convolution 34.
        Assert.Contains("features.0.weight", normalised.state_dict().Keys);
        Assert.Contains("features.50.running_var", normalised.state_dict().Keys);
        Assert.Contains("classifier.weight", normalised.state_dict().Keys);
        Assert.Contains("features.34.bias", plain.state_dict().Keys);
        Assert.DoesNotContain("features.1.weight", plain.state_dict().Keys);
        Assert.Equal(
            ["classifier.0.weight", "classifier.3.weight", "classifier.6.weight"],
            large
                .state_dict()
                .Keys.Where(key =>
                    key.StartsWith("classifier", StringComparison.Ordinal)
                    && key.EndsWith("weight", StringComparison.Ordinal)
                )
                .Order()
        );
        Assert.Contains("features.49.weight", large.state_dict().Keys);
    }

    [Fact]
    public void Names_OfDenseNet121_AreTorchvisions()
    {
        using var network = new DenseNet121 { Growth = 4, Form = NetworkForm.ImageNet }.Build(SmallModels.Shape());
        var names = network.state_dict().Keys;
        Assert.Contains("features.conv0.weight", names);
        Assert.Contains("features.norm0.running_mean", names);
        Assert.Contains("features.denseblock4.denselayer16.conv2.weight", names);
        Assert.Contains("features.transition3.conv.weight", names);
        Assert.Contains("features.norm5.bias", names);
        Assert.Contains("classifier.bias", names);
        Assert.Equal(121, network.modules().OfType<BatchNorm2d>().Count());
    }

    public static TheoryData<ModelSource, int, int> Groups =>
        new()
        {
            {
                new Vgg19 { WidthDivisor = 8 },
                16,
                16
            },
            {
                new Vgg19 { WidthDivisor = 8, BatchNorm = false },
                16,
                0
            },
            {
                new ResNet18 { Form = NetworkForm.ImageNet },
                20,
                20
            },
            // Stem, two a layer, three transitions; only the first convolution of a layer has a norm of its own, in the
            // ImageNet form the stem too.
            {
                new DenseNet121 { Growth = 4 },
                120,
                58
            },
            {
                new DenseNet121 { Growth = 4, Form = NetworkForm.ImageNet },
                120,
                59
            },
        };

    [Theory]
    [MemberData(nameof(Groups))]
    public void Groups_OfABenchmarkNetwork_HaveTheNormThatAloneReadsThem(ModelSource source, int all, int normalised)
    {
        using var network = source.Build(SmallModels.Shape());
        var groups = ChannelGroups.Of(network);
        Assert.Equal(all, groups.Count);
        Assert.Equal(normalised, groups.Count(group => group.Norm is not null));
        if (source is DenseNet121)
        {
            Assert.All(
                groups.Where(group => group.Norm is not null && group.Name != "features.conv0"),
                group => Assert.EndsWith(".conv1", group.Name, StringComparison.Ordinal)
            );
        }
    }

    public static TheoryData<ModelSource, string> Stages =>
        new()
        {
            {
                new Vgg19 { WidthDivisor = 8 },
                "stage1 8x32 stage2 16x16 stage3 32x8 stage4 64x4 stage5 64x2"
            },
            {
                new DenseNet121 { Growth = 4, DepthDivisor = 2 },
                "denseblock1 20x32 denseblock2 34x16 denseblock3 65x8 denseblock4 64x4"
            },
            {
                new ResNet18 { Form = NetworkForm.ImageNet },
                "layer1 64x8 layer2 128x4 layer3 256x2 layer4 512x1"
            },
        };

    [Theory]
    [MemberData(nameof(Stages))]
    public void Stages_OfABenchmarkNetwork_HaveTheirChannelsAndSides(ModelSource source, string expected)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = source.Build(SmallModels.Shape());
        network.eval();
        using var tap = new StageTap(FloatArithmetic.Instance);
        tap.Logits(network, SmallModels.Images(network.Shape, 2));
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                tap.Stages.Select(stage => $"{stage.Name} {stage.Values.shape[1]}x{stage.Values.shape[2]}")
            )
        );
    }

    [Fact]
    public void Vgg19_OfSmallImages_IsThatOfTheSameImagesFramedInBlack()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = SmallModels.Settled(new Vgg19 { WidthDivisor = 8 }.Build(SmallModels.Shape(1, 28)));
        using var larger = new Vgg19 { WidthDivisor = 8 }.Build(SmallModels.Shape(1, 32));
        WeightsCopy.CopyTo(network, larger);
        larger.eval();
        var images = SmallModels.Images(network.Shape, 3);
        var framed = zeros(3, 1, 32, 32);
        framed.narrow(2, 2, 28).narrow(3, 2, 28).copy_(images);
        Assert.Equal(0, SmallModels.LargestDifference(network.call(images), larger.call(framed)));
    }

    [Fact]
    public void BlackFrame_OfAnOddDifference_IsWiderBelowAndToTheRight()
    {
        using var scope = NewDisposeScope();
        var framed = BlackFrame.Around(ones(1, 1, 1, 2), 4, 3);
        float[] expected = [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(expected, framed.flatten().data<float>().ToArray());
    }

    [Fact]
    public void DenseBlock_OfTwoLayers_ReadsEverythingBeforeAndKeepsIt()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var block = new DenseBlock(inputs: 3, layers: 2, growth: 2);
        block.eval();
        var input = rand(2, 3, 4, 4);
        var output = block.Run(FloatArithmetic.Instance, input);
        Assert.Equal(new long[] { 2, 7, 4, 4 }, output.shape);

        // What came in stands first and as it was; the first layer reads it alone, the second both.
        Assert.Equal(0, SmallModels.LargestDifference(input, output.narrow(1, 0, 3)));
        var layers = block.modules().OfType<DenseLayer>().ToList();
        var first = layers[0].Run(FloatArithmetic.Instance, input);
        var second = layers[1].Run(FloatArithmetic.Instance, cat([input, first], 1));
        Assert.Equal(0, SmallModels.LargestDifference(cat([first, second], 1), output.narrow(1, 3, 4)));
    }

    [Fact]
    public void DenseTransition_OfConstantMaps_HalvesChannelsAndSides()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var transition = new DenseTransition(2);
        transition.eval();
        var convolution = transition.modules().OfType<Convolution>().Single();
        convolution.weight.fill_(0.5);

        // Normalised by mean 0 and variance 1, rectified: 3 and 0; half of their sum; the mean of four pixels.
        var input = cat([full(1, 1, 2, 2, 3f), full(1, 1, 2, 2, -1f)], 1);
        var output = transition.Run(FloatArithmetic.Instance, input);
        Assert.Equal(new long[] { 1, 1, 1, 1 }, output.shape);
        Assert.Equal(1.5, output.item<float>(), 4);
    }

    [Fact]
    public void MaxPool_WithPaddingAndStride_TakesTheLargestOfOverlappingSquares()
    {
        using var scope = NewDisposeScope();
        var map = tensor(
            new float[] { -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, -16 },
            [1, 1, 4, 4]
        );
        var pooled = FloatArithmetic.Instance.MaxPool(map, 3, stride: 2, padding: 1);

        // Rows and columns -1..1 and 1..3; what lies outside is smaller than any value.
        float[] expected = [-1, -2, -5, -6];
        Assert.Equal(expected, pooled.flatten().data<float>().ToArray());
    }
}
