using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;

namespace BackdoorLab.Benchmarks;

/// <summary>Our side: the engine's own trainer, with its whole data pipeline, and its networks' forward pass.</summary>
internal static class EngineSide
{
    private const int Steps = 500;

    /// <summary>What all nets here take: three channels at 32x32, ten classes.</summary>
    internal static readonly ClassifierShape Shape = new(3, 32, 32, 10, new([0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.25f]));

    /// <summary>
    /// Images per second over about <paramref name="seconds"/> of training steps, and half as long of forward passes.
    /// </summary>
    public static Sample Measure(string net, bool bfloat16, int batch, int threads, double seconds)
    {
        using var model = Start(net, Shape, threads);
        var options = Options(batch, bfloat16 ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32);
        var train = batch * Rate(steps => Train(model, Noise(batch * steps), options), seconds);
        Precision precision = bfloat16 ? new Engine.Quantization.BFloat16() : new Float32();
        using var deployed = precision.Convert(model, Noise(batch), Run());
        var images = Batches.Images(Noise(batch));
        var forward = batch * Rate(steps => Forward(deployed, images, steps), seconds / 2);
        var parameters = model
            .parameters()
            .Where(parameter => parameter.requires_grad)
            .Sum(parameter => parameter.numel());
        return new(train, forward, parameters, $"TorchSharp {TorchRuntime.Describe()["torchSharp"]}");
    }

    /// <summary>
    /// Forward passes of the deployed model at FP32, BF16 and INT8 static: medians over rounds in which they take
    /// turns.
    /// </summary>
    public static PrecisionSample Precisions(string net, int batch, int threads, double seconds, int rounds)
    {
        using var model = Start(net, Shape, threads);
        // A few steps, so that normalisation statistics and with them the activation ranges are those of a network in
        // use.
        Train(model, Noise(batch * 4), Options(batch, TrainingPrecision.Auto));
        model.eval();
        var images = Batches.Images(Noise(batch));
        Precision[] precisions = [new Float32(), new Engine.Quantization.BFloat16(), new Int8Static()];
        var deployed = precisions.Select(precision => precision.Convert(model, Noise(256), Run())).ToArray();
        var rates = precisions.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < deployed.Length; i++)
            {
                rates[i].Add(batch * Rate(steps => Forward(deployed[i], images, steps), seconds / 2));
            }
        }

        foreach (var one in deployed)
        {
            one.Dispose();
        }

        var medians = rates.Select(Comparison.Median).ToArray();
        return new(medians[0], medians[1], medians[2]);
    }

    /// <summary>
    /// Gather, crop, flip and normalise of one batch against a whole step, in the faster arithmetic this processor has.
    /// </summary>
    public static PipelineSample Pipeline(int batch, int threads, double seconds)
    {
        using var model = Start("res-net8", Shape, threads);
        var options = Options(batch, TrainingPrecision.Auto);
        var step = 1 / Rate(steps => Train(model, Noise(batch * steps), options), seconds);
        var data = Noise(batch * 64);
        var random = new SeedTree(2).Random();
        using var normalize = new PixelNormalization(Shape);
        var pipeline =
            1
            / Rate(
                steps =>
                {
                    for (var i = 0; i < steps; i++)
                    {
                        using var scope = torch.NewDisposeScope();
                        using var noGradient = torch.no_grad();
                        int[] indices = [.. Enumerable.Range(0, batch).Select(_ => random.Next(data.Count))];
                        normalize.call(Batches.Images(data, indices, new(options.CropPadding, options.Flip), random));
                        Batches.Labels(data, indices);
                    }
                },
                seconds / 4
            );
        return new(step * 1000, pipeline * 1000, Trainer.UsesBFloat16(options));
    }

    /// <summary>Resident memory of one long training after its first 500 steps and at its end.</summary>
    public static MemorySample Memory(int batch, int threads, int steps)
    {
        using var model = Start("res-net8", Shape, threads);
        var megabytes = new List<double>();
        var hooks = new TrainingHooks { EpochFinished = _ => megabytes.Add(ResidentMegabytes()) };
        var options = Options(batch, TrainingPrecision.Auto) with { Epochs = Math.Max(2, steps / Steps) };
        Trainer.Train(model, Noise(batch * Steps), options, Run(), hooks, flipAllowed: true);
        return new(Steps, megabytes[0], Steps * megabytes.Count, megabytes[^1]);
    }

    /// <summary>Starts the tensor library and builds a network with fresh weights.</summary>
    public static Classifier Start(string net, ClassifierShape shape, int threads)
    {
        TorchRuntime.Initialize(threads);
        torch.random.manual_seed(1);
        return ((ModelSource)MethodCatalog.Default.Find(net)!.CreateDefault()).Build(shape);
    }

    // Small constant rate: on noise labels the loss must stay finite for as long as the clock needs.
    private static TrainOptions Options(int batch, TrainingPrecision precision) =>
        new()
        {
            Epochs = 1,
            BatchSize = batch,
            LearningRate = 0.01,
            Schedule = ScheduleKind.Constant,
            CropPadding = 4,
            Flip = true,
            Precision = precision,
        };

    private static void Train(Classifier model, ImageSet data, TrainOptions options) =>
        Trainer.Train(model, data, options, Run(), flipAllowed: true);

    private static void Forward(DeployedClassifier model, torch.Tensor images, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            using var scope = torch.NewDisposeScope();
            using var noGradient = torch.no_grad();
            model.Logits(images);
        }
    }

    /// <summary>
    /// Steps per second over at least three steps and about the asked seconds, after two steps of warm-up; as the other
    /// side does.
    /// </summary>
    private static double Rate(Action<int> run, double seconds)
    {
        run(1);
        var once = Seconds(run, 1);
        var steps = Math.Max(3, (int)(seconds / once));
        return steps / Seconds(run, steps);
    }

    private static double Seconds(Action<int> run, int steps)
    {
        var watch = Stopwatch.StartNew();
        run(steps);
        return watch.Elapsed.TotalSeconds;
    }

    private static RunContext Run() => new(new SeedTree(1));

    /// <summary>Images of noise, labels in turn.</summary>
    internal static ImageSet Noise(int count)
    {
        var pixels = new byte[count * Shape.Channels * Shape.Height * Shape.Width];
        new SeedTree(3).Random().NextBytes(pixels);
        var labels = Enumerable.Range(0, count).Select(i => i % Shape.Classes).ToArray();
        return new(
            pixels,
            labels,
            Shape.Channels,
            Shape.Height,
            Shape.Width,
            [.. labels.Take(Shape.Classes).Select(label => $"{label}")]
        );
    }

    private static double ResidentMegabytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64 / 1048576.0;
    }
}
