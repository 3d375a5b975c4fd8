using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;

namespace BackdoorLab.Benchmarks.Victims;

/// <summary>Our side: the engine's trainer on the poisoned set.</summary>
internal static class VictimSide
{
    private const int MatrixSide = 2048;

    /// <summary>A whole training, measured after every epoch.</summary>
    internal static VictimSample Train(VictimPlan plan, bool bfloat16, int threads)
    {
        TorchRuntime.Initialize(threads);
        var (splits, poisoned, triggered) = plan.Prepare();
        using var model = Network(plan, splits);
        var (watch, seconds, epochs) = (Stopwatch.StartNew(), 0.0, new List<VictimEpoch>());
        var (run, options) = (new RunContext(new SeedTree(plan.Seed)), plan.Options(bfloat16));
        Trainer.Train(
            model,
            poisoned.Images,
            options,
            run,
            new()
            {
                EpochFinished = report =>
                {
                    seconds += watch.Elapsed.TotalSeconds;
                    epochs.Add(
                        new(
                            report.Epoch,
                            seconds,
                            Inference.Accuracy(model, splits.Test, run),
                            Inference.Accuracy(model, triggered, run)
                        )
                    );
                    Console.Error.WriteLine(epochs[^1]);
                    watch.Restart();
                },
            },
            splits.FlipAllowed
        );

        // Whole batches only, or one that is not.
        var count = poisoned.Images.Count;
        var trained = count < options.BatchSize ? count : count / options.BatchSize * options.BatchSize;
        return new((double)trained * plan.Epochs / seconds, Parameters(model), Library(), epochs);
    }

    /// <summary>Images per second over a few steps.</summary>
    internal static VictimSample Rate(VictimPlan plan, bool bfloat16, int threads, int steps)
    {
        TorchRuntime.Initialize(threads);
        var (splits, poisoned, _) = plan.Prepare();
        using var model = Network(plan, splits);
        var options = plan.Options(bfloat16) with { Epochs = 1, WhiteningImages = 0 };
        var images = poisoned.Images.Draw(steps * options.BatchSize, new SeedTree(1));
        Trainer.Train(
            model,
            images.Draw(options.BatchSize, new SeedTree(1)),
            options,
            new RunContext(new SeedTree(1)),
            flipAllowed: true
        );
        var watch = Stopwatch.StartNew();
        Trainer.Train(model, images, options, new RunContext(new SeedTree(1)), flipAllowed: true);
        return new(images.Count / watch.Elapsed.TotalSeconds, Parameters(model), Library(), []);
    }

    /// <summary>
    /// Multiply-adds per second of a large matrix product, the most that this processor is seen to do in an arithmetic.
    /// </summary>
    internal static double Limit(bool bfloat16, int threads)
    {
        TorchRuntime.Initialize(threads);
        using var scope = torch.NewDisposeScope();
        var values = torch
            .rand(MatrixSide, MatrixSide)
            .to(bfloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32);
        var best = double.PositiveInfinity;
        for (var i = 0; i < 6; i++)
        {
            var watch = Stopwatch.StartNew();
            using var product = values.mm(values);
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
        }

        return Math.Pow(MatrixSide, 3) / best;
    }

    private static Classifier Network(VictimPlan plan, DatasetSplits splits)
    {
        torch.random.manual_seed(plan.Seed);
        var train = splits.Train;
        return plan.Network.Build(new(train.Channels, train.Height, train.Width, train.Classes, splits.Normalization));
    }

    private static long Parameters(Classifier model) => model.parameters().Sum(parameter => parameter.numel());

    private static string Library() => $"TorchSharp {TorchRuntime.Describe()["torchSharp"]}";
}
