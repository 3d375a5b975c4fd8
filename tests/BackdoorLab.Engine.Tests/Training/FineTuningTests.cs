using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tests.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Training;

[Collection("torch")]
public sealed class FineTuningTests
{
    // Three batches a pass; the loss is looked at in every 25th step and in the last.
    [Theory]
    [InlineData(1, 0, 1, 0)]
    [InlineData(1, 1, 1, 2)]
    [InlineData(10, 4, 9, 25)]
    public void Run_LossThatBecomesNaN_SaysInWhichStepItWasSeen(int epochs, int firstBad, int epoch, int step)
    {
        using var network = SmallModels.Build("res-net8", SmallModels.Shape());
        var steps = 0;
        var error = Assert.Throws<TrainingDivergedException>(() =>
            FineTuning.Run(
                network,
                SmallModels.ImageSet(network.Shape, 10),
                new(epochs, 4, 1e-3),
                new RunContext(new SeedTree(1)),
                (_, _) =>
                {
                    var loss = network.parameters().First().sum();
                    return steps++ < firstBad ? loss : loss.mul(tensor(float.NaN));
                }
            )
        );
        Assert.Contains($"epoch {epoch}, step {step},", error.Message, StringComparison.Ordinal);
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Run_SeesEveryImageOnceAPassAndKeepsNormalisationStatistics()
    {
        using var scope = NewDisposeScope();
        using var network = SmallModels.Settled("res-net8", SmallModels.Shape());
        var before = network.named_buffers().ToDictionary(entry => entry.name, entry => entry.buffer.clone());
        var data = SmallModels.ImageSet(network.Shape, 10);
        var (seen, labels) = (new List<long>(), new List<long>());
        var reports = new List<(double Done, double Total)>();
        var run = new RunContext(new SeedTree(1), progress: (done, total, _) => reports.Add((done, total)));
        FineTuning.Run(
            network,
            data,
            new(2, 4, 1e-3),
            run,
            (images, batch) =>
            {
                seen.Add(images.shape[0]);
                labels.AddRange(batch.data<long>().ToArray());
                return nn.functional.cross_entropy(network.call(images), batch);
            }
        );
        Assert.Equal([4, 4, 2, 4, 4, 2], seen);
        Assert.Equal(data.Labels.Select(label => (long)label).Order(), labels.Take(10).Order());
        Assert.NotEqual(labels.Take(10), labels.Skip(10));
        Assert.Equal([0, 1, 2, 3, 4, 5], reports.Select(report => (int)report.Done));
        Assert.All(reports, report => Assert.Equal(6, report.Total));
        Assert.False(network.training);
        Assert.All(
            network.named_buffers(),
            entry => Assert.Equal(0, SmallModels.LargestDifference(before[entry.name], entry.buffer))
        );
    }
}
