using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

[Collection("torch")]
public sealed class ModelCostTests
{
    // Counted by hand, layer by layer, for 3x32x32 and 10 classes; ResNet-18's is the number known from the literature.
    public static TheoryData<ModelSource, long, long> Known =>
        new()
        {
            { new ResNet8(), 78_042, 12_501_632 },
            {
                new ResNet8 { Width = 2 },
                308_650,
                49_120_512
            },
            { new ResNet10Narrow(), 308_826, 16_172_288 },
            { new ResNet18(), 11_173_962, 555_422_720 },
            { new PreActResNet18(), 11_171_146, 555_422_720 },
            { new SmallConvNet(), 591_466, 25_003_264 },
        };

    [Theory]
    [MemberData(nameof(Known))]
    public void Cost_At32x32_IsTheHandCount(ModelSource source, long parameters, long multiplyAdds)
    {
        Assert.Equal(new ModelCost(parameters, multiplyAdds), source.Cost(SmallModels.Shape()));
    }

    /// <summary>
    /// Side and classes, then millions of multiply-adds and of parameters: published for ImageNet's forms, for the
    /// others counted layer by layer.
    /// </summary>
    public static TheoryData<ModelSource, int, int, double, double> Tabled =>
        new()
        {
            { new Vgg19(), 32, 10, 398, 20.0 },
            {
                new Vgg19 { BatchNorm = false },
                32,
                10,
                398,
                20.0
            },
            {
                new Vgg19 { WidthDivisor = 4 },
                32,
                10,
                25,
                1.26
            },
            {
                new Vgg19 { WidthDivisor = 8 },
                32,
                10,
                6.4,
                0.32
            },
            { new DenseNet121(), 32, 10, 888, 7.0 },
            {
                new DenseNet121 { Growth = 12 },
                32,
                10,
                125,
                1.0
            },
            {
                new DenseNet121 { Growth = 12, DepthDivisor = 2 },
                32,
                10,
                48,
                0.33
            },
            {
                new DenseNet121 { Form = NetworkForm.ImageNet },
                224,
                1000,
                2_834,
                8.0
            },
            {
                new ResNet18 { Form = NetworkForm.ImageNet },
                224,
                1000,
                1_814,
                11.7
            },
            { new SmallVit(), 32, 10, 125, 1.8 },
        };

    [Theory]
    [MemberData(nameof(Tabled))]
    public void Cost_OfTheNetworksOfBenchmarks_IsTheTables(
        ModelSource source,
        int side,
        int classes,
        double multiplyAdds,
        double parameters
    )
    {
        var cost = source.Cost(SmallModels.Shape(side: side, classes: classes));
        Assert.Equal(multiplyAdds, cost.MultiplyAdds / 1e6, multiplyAdds < 10 ? 1 : 0);
        Assert.Equal(parameters, cost.Parameters / 1e6, parameters is 0.32 or 0.33 or 1.26 ? 2 : 1);
    }

    [Fact]
    public void Cost_AtHalfTheSize_IsAQuarterOfTheConvolutions()
    {
        var head = 64 * 10;
        Assert.Equal((12_501_632 - head) / 4 + head, new ResNet8().Cost(SmallModels.Shape(side: 16)).MultiplyAdds);
    }

    [Fact]
    public void Cost_BetweenSeedAndDraw_LeavesTheRandomStream()
    {
        random.manual_seed(4);
        var expected = rand(1).item<float>();
        random.manual_seed(4);
        new ResNet8 { Width = 3 }.Cost(SmallModels.Shape(classes: 11));
        Assert.Equal(expected, rand(1).item<float>());
    }

    [Fact]
    public void Layers_OfResNet8_ComeInTheOrderTheyRunWithStateDictNames()
    {
        using var model = SmallModels.Build("res-net8", SmallModels.Shape());
        var layers = CostMeter.Layers(model);
        Assert.Equal("conv1", layers[0].Name);
        Assert.Equal(442_368, layers[0].MultiplyAdds);
        Assert.Equal("layer1.0.conv1", layers[1].Name);
        Assert.Contains(layers, layer => layer.Name == "layer2.0.shortcut.0" && layer.Parameters == 512);
        Assert.Equal(("linear", 650L, 640L), (layers[^1].Name, layers[^1].Parameters, layers[^1].MultiplyAdds));
        Assert.False(model.training);
    }

    [Fact]
    public void StateDict_OfPreActResNet18_HasTheBenchmarksKeys()
    {
        using var model = SmallModels.Build("pre-act-res-net18", SmallModels.Shape());
        var keys = model.state_dict().Keys;
        Assert.Contains("conv1.weight", keys);
        Assert.Contains("layer4.1.bn2.running_var", keys);
        Assert.Contains("layer2.0.shortcut.0.weight", keys);
        Assert.Contains("linear.bias", keys);
        Assert.DoesNotContain("bn1.weight", keys);
    }
}
