using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

[Collection("torch")]
public sealed class LockdownNetworkTests
{
    [Fact]
    public void Cost_OfResNet9_IsThePublishedSizePlusABias()
    {
        // 6,573,120 parameters and 379.3 million multiply-adds in the release; the head has ten biases here.
        var cost = new ResNet9().Cost(SmallModels.Shape());

        Assert.Equal(6_573_130, cost.Parameters);
        Assert.Equal(379.3, cost.MultiplyAdds / 1e6, 1);
    }

    // 28x28x1: convolutions 25 * 32 + 32 and 9 * 32 * 64 + 64, norms 2 * 32 + 2 * 64, linear 4096 * 4096 + 4096 and
    // 4096 * 10 + 10; the second convolution's map is 16x16.
    [Fact]
    public void Cost_OfTheFashionCnn_IsThePublishedSizeAndTheHandCount() =>
        Assert.Equal(
            new ModelCost(16_841_802, 28 * 28 * 25 * 32 + 16 * 16 * 9 * 32 * 64 + 4096 * 4096 + 4096 * 10),
            new FashionCnn().Cost(SmallModels.Shape(channels: 1, side: 28))
        );

    public static TheoryData<ModelSource> WithBatchStatistics =>
        new()
        {
            {
                new ResNet9 { WidthDivisor = 8, BatchStatistics = true }
            },
            { new FashionCnn { BatchStatistics = true } },
        };

    [Theory]
    [MemberData(nameof(WithBatchStatistics))]
    public void BatchStatistics_InEvaluation_DependOnTheBatchAndCannotBeQuantizedToIntegers(ModelSource source)
    {
        using var scope = NewDisposeScope();
        using var network = source.Build(SmallModels.Shape());
        network.eval();
        using var noGrad = no_grad();
        var images = SmallModels.Images(network.Shape, 6);

        var together = network.call(images).narrow(0, 0, 3);
        var alone = network.call(images.narrow(0, 0, 3));

        Assert.True(SmallModels.LargestDifference(together, alone) > 1e-3);
        var reason = Assert.Throws<NotApplicableException>(() =>
            new Int8Static().Convert(network, SmallModels.ImageSet(network.Shape, 32), new RunContext(new SeedTree(1)))
        );
        Assert.Contains("normalises by the batch at hand", reason.Message, StringComparison.Ordinal);
    }
}
