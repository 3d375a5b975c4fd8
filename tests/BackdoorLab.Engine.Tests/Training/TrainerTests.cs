using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static BackdoorLab.Engine.Tests.Training.ToyTraining;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Training;

[Collection("torch")]
public sealed class TrainerTests : IDisposable
{
    private static readonly TrainOptions Options = new()
    {
        Epochs = 3,
        BatchSize = 16,
        LearningRate = 0.05,
        CropPadding = 2,
        Precision = TrainingPrecision.Float32,
    };
    private readonly string _folder = Directory.CreateTempSubdirectory("trainer").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Train_TwiceFromOneSeed_GivesTheSameBits()
    {
        Assert.Equal(Bits(Options, null), Bits(Options, null));
    }

    [Fact]
    public void Train_InterruptedInAnyEpochAndResumed_EqualsUninterrupted()
    {
        var whole = Bits(Options, null);
        foreach (var stopAt in new[] { 2, 5, 9 })
        {
            var file = Path.Combine(_folder, $"stop-{stopAt}.safetensors");
            using var stop = new CancellationTokenSource();
            var run = StoppedAfter(stopAt, stop);
            using (var model = Model())
            {
                Assert.ThrowsAny<OperationCanceledException>(() =>
                    Trainer.Train(model, Data(), Options, run, new() { CheckpointFile = file })
                );
            }

            Assert.True(File.Exists(file), "A cancelled training leaves its checkpoint.");
            Assert.Equal(whole, Bits(Options, file));
            Assert.False(File.Exists(file), "A finished training removes its checkpoint.");
        }
    }

    [Fact]
    public void Train_WithAdamInterruptedAndResumed_EqualsUninterrupted()
    {
        var options = Options with { Optimizer = OptimizerKind.Adam, LearningRate = 0.001 };
        var file = Path.Combine(_folder, "adam.safetensors");
        using var stop = new CancellationTokenSource();
        using (var model = Model())
        {
            var run = StoppedAfter(6, stop);
            Assert.ThrowsAny<OperationCanceledException>(() =>
                Trainer.Train(model, Data(), options, run, new() { CheckpointFile = file })
            );
        }

        Assert.Equal(Bits(options, null), Bits(options, file));
    }

    [Fact]
    public void Train_CancelledWhileAnEpochIsMeasured_ResumesWithTellingThatEpoch()
    {
        var file = Path.Combine(_folder, "state.safetensors");
        using (var model = Model())
        {
            var hooks = new TrainingHooks
            {
                CheckpointFile = file,
                EpochFinished = report =>
                {
                    if (report.Epoch == 2)
                    {
                        throw new OperationCanceledException();
                    }
                },
            };
            Assert.ThrowsAny<OperationCanceledException>(() => Trainer.Train(model, Data(), Options, Run(), hooks));
        }

        using var resumed = Model();
        using var whole = Model();
        var told = new List<(int Epoch, double Loss)>();
        Trainer.Train(
            resumed,
            Data(),
            Options,
            Run(),
            new() { CheckpointFile = file, EpochFinished = report => told.Add((report.Epoch, report.Loss)) }
        );
        var losses = Trainer.Train(whole, Data(), Options, Run());

        Assert.Equal([(2, losses[1]), (3, losses[2])], told);
        Assert.Equal(ToyTraining.Bits(resumed), ToyTraining.Bits(whole));
    }

    [Fact]
    public void Train_AtAnAbsurdLearningRate_StopsWithAClearReason()
    {
        using var model = Model();
        var error = Assert.Throws<TrainingDivergedException>(() =>
            Trainer.Train(
                model,
                Data(),
                Options with
                {
                    LearningRate = 10,
                    Momentum = 0.999,
                    WeightDecay = 1,
                    Epochs = 60,
                    Schedule = ScheduleKind.Constant,
                },
                Run()
            )
        );
        Assert.Contains("Lower the learning rate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OnAnEasyTask_LearnsIt()
    {
        using var model = Model();
        var losses = Trainer.Train(model, Data(), Options with { Epochs = 8 }, Run());
        Assert.Equal(8, losses.Count);
        Assert.True(losses[^1] < losses[0] / 2, $"The loss went from {losses[0]} to {losses[^1]}.");
        Assert.True(Inference.Accuracy(model, Data(), Run()) > 0.9);
    }

    [Fact]
    public void Train_Finished_LeavesNoLiveTensorBehind()
    {
        using var model = Model();
        Trainer.Train(model, Data(), Options with { Epochs = 1 }, Run());
        var before = LiveTensors.Count();
        Trainer.Train(model, Data(), Options with { Epochs = 1 }, Run());
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Train_WithAStamp_GivesItEveryImageOnceAnEpoch()
    {
        var data = Data();
        var seen = new List<int>();
        using var model = Model();
        Trainer.Train(
            model,
            data,
            Options with
            {
                Epochs = 2,
            },
            Run(),
            new()
            {
                Stamp = (images, indices) =>
                {
                    Assert.Equal(indices.Length, images.shape[0]);
                    seen.AddRange(indices);
                    return images.mul(0);
                },
            }
        );
        Assert.Equal(Enumerable.Range(0, data.Count).SelectMany(i => new[] { i, i }), seen.Order());
    }

    [Fact]
    public void Checkpoint_Truncated_IsRefusedByName()
    {
        var file = Path.Combine(_folder, "broken.safetensors");
        using var model = Model();
        Checkpoint.Save(file, model.state_dict(), new Dictionary<string, string>());
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^100]);
        var error = Assert.Throws<InvalidDataException>(() => Checkpoint.Load(file, model.state_dict()));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    private static string Bits(TrainOptions options, string? checkpoint)
    {
        using var model = Model();
        Trainer.Train(model, Data(), options, Run(), new() { CheckpointFile = checkpoint });
        return ToyTraining.Bits(model);
    }

    private static Classifier Model()
    {
        random.manual_seed(5);
        return new ResNet8().Build(new(3, 8, 8, 2, new([0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.25f])));
    }

    private static ImageSet Data() => ToyTraining.Data(side: 8);
}
