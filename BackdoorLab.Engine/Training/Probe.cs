using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>Times a few steps of a network on this machine: the source of every time estimate.</summary>
public static class Probe
{
    private const int Steps = 3;

    /// <summary>Trains, evaluates and differentiates a fresh network on noise for a few steps each.</summary>
    public static Throughput Measure(ModelSource source, ClassifierShape shape, TrainOptions options, RunContext run)
    {
        var noise = Noise(shape, options.BatchSize * Steps, run.Seeds);
        using var model = source.Build(shape);
        var once = options with { Epochs = 1, Precision = options.Precision, CropPadding = 0 };
        var warm = noise.Select([.. Enumerable.Range(0, options.BatchSize)]);
        Trainer.Train(model, warm, once, run);
        var train = Seconds(() => Trainer.Train(model, noise, once, run));
        var forward = Seconds(() => Inference.Predict(model, noise, run, options.BatchSize));
        var gradient = Seconds(() => Differentiate(model, noise, options.BatchSize, run));
        return new(noise.Count / train, noise.Count / forward, noise.Count / gradient, true);
    }

    private static void Differentiate(Classifier model, ImageSet images, int batchSize, RunContext run)
    {
        foreach (var parameter in model.parameters())
        {
            parameter.requires_grad = false;
        }

        for (var start = 0; start < images.Count; start += batchSize)
        {
            run.ThrowIfCancelled();
            using var scope = NewDisposeScope();
            var indices = Enumerable.Range(start, batchSize).ToArray();
            var batch = Batches.Images(images, indices).requires_grad_(true);
            nn.functional.cross_entropy(model.call(batch), Batches.Labels(images, indices)).backward();
        }
    }

    private static double Seconds(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalSeconds;
    }

    private static ImageSet Noise(ClassifierShape shape, int count, SeedTree seeds)
    {
        var random = seeds.Child("probe").Random();
        var pixels = new byte[count * shape.Channels * shape.Height * shape.Width];
        random.NextBytes(pixels);
        var labels = Enumerable.Range(0, count).Select(i => i % shape.Classes).ToArray();
        return new(
            pixels,
            labels,
            shape.Channels,
            shape.Height,
            shape.Width,
            [.. Enumerable.Range(0, shape.Classes).Select(i => $"{i}")]
        );
    }
}
