using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

/// <summary>The forms for ImageNet that are too large for the contract tests.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class LargeNetworkTests
{
    // 143,667,240 and 86,567,656 parameters are torchvision's, 19,632 and 17,564 million multiply-adds too (it counts
    // the products of attention); with normalisation VGG-19 has two more parameters a channel.
    public static TheoryData<ModelSource, long, long> Published =>
        new()
        {
            {
                new Vgg19 { Form = NetworkForm.ImageNet, BatchNorm = false },
                143_667_240,
                19_632
            },
            { new VitB16(), 86_567_656, 17_564 },
        };

    [Theory]
    [MemberData(nameof(Published))]
    public void Cost_At224x224_IsThePublishedOne(ModelSource source, long parameters, long millions)
    {
        var cost = source.Cost(SmallModels.Shape(side: 224, classes: 1000));
        Assert.Equal(parameters, cost.Parameters);
        Assert.Equal(millions, cost.MultiplyAdds / 1e6, 0);
    }

    [Theory]
    [InlineData("dense-net121", 7_978_856)]
    [InlineData("res-net18", 11_689_512)]
    public void Parameters_OfTheImageNetForm_AreThePublishedOnes(string id, long parameters)
    {
        ModelSource source =
            id == "res-net18"
                ? new ResNet18 { Form = NetworkForm.ImageNet }
                : new DenseNet121 { Form = NetworkForm.ImageNet };
        Assert.Equal(parameters, source.Cost(SmallModels.Shape(side: 32, classes: 1000)).Parameters);
    }

    [Fact]
    public void Build_OfImagesThatAreTooSmall_IsNotApplicableAndSaysWhichItTakes()
    {
        var reason = Assert.Throws<NotApplicableException>(() => new VitB16().Build(SmallModels.Shape()));
        Assert.Contains("from 224 x 224 pixels on; these are 32 x 32", reason.Message, StringComparison.Ordinal);
        Assert.Throws<NotApplicableException>(() =>
            new Vgg19 { Form = NetworkForm.ImageNet }.Build(SmallModels.Shape())
        );
    }

    [Fact]
    public void Channels_OfTheImageNetForm_AreNarrowedWithItsHead()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = new Vgg19 { Form = NetworkForm.ImageNet, WidthDivisor = 16 }.Build(
            SmallModels.Shape(side: 64)
        );
        network.eval();

        // 64 pixels are halved to 2x2, which the head takes as 7x7.
        Assert.Equal(256, network.FeatureCount);
        Assert.Equal(new long[] { 2, 10 }, network.call(SmallModels.Images(network.Shape, 2)).shape);
    }
}
