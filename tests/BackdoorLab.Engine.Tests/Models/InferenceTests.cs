using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tests.Defenses;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Models;

[Collection("torch")]
public sealed class InferenceTests
{
    [Fact]
    public void Rows_AnyBatchSize_GivesTheSameInOrder()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var images = TestNetworks.ColouredImages(23, TestContexts.Random("images"));

        Assert.Equal(
            Inference.Logits(model, images, TestContexts.Run(), 23),
            Inference.Logits(model, images, TestContexts.Run(), 5)
        );
        Assert.Equal(images.Labels, Inference.Predict(model, images, TestContexts.Run(), 7));
        Assert.Equal(1, Inference.Accuracy(model, images, TestContexts.Run()));
        Assert.Equal(23 * 4, Inference.Features(model, images, TestContexts.Run(), 4).Length);
        Assert.All(
            Inference.Probabilities(model, images, TestContexts.Run()).Chunk(3),
            row => Assert.Equal(1, row.Sum(), 5)
        );
    }

    [Fact]
    public void Rows_NoImages_GiveNothing()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var none = TestNetworks.ColouredImages(0, TestContexts.Random("images"));

        Assert.Empty(Inference.Predict(model, none, TestContexts.Run()));
        Assert.Equal(0, Inference.Accuracy(model, none, TestContexts.Run()));
    }

    [Fact]
    public void Rows_Finished_LeaveNoTensorsAndNoGradients()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var images = TestNetworks.ColouredImages(23, TestContexts.Random("images"));
        Inference.Logits(model, images, TestContexts.Run(), 5);
        var before = LiveTensors.Count();
        Inference.Rows(
            batch =>
            {
                var logits = model.FloatModel.call(batch);
                Assert.False(logits.requires_grad);
                return logits;
            },
            images,
            TestContexts.Run(),
            5
        );

        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void ArgMax_Ties_GoToTheFirst() => Assert.Equal([0, 1], Inference.ArgMax([2f, 2f, 1f, 0f, 3f, 3f], 2));

    [Fact]
    public void CopyTo_ChannelsLastTensor_IsWrittenRowMajorAndSizeIsChecked()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var moved = tensor(new float[] { 1, 2, 3, 4, 5, 6 }, new long[] { 1, 3, 2 }).permute(0, 2, 1);
        var target = new float[6];
        Inference.CopyTo(moved, target);

        Assert.Equal([1, 3, 5, 2, 4, 6], target);
        Assert.Throws<ArgumentException>(() => Inference.CopyTo(moved, new float[7]));
    }
}
