using System.Diagnostics;
using BackdoorLab.Benchmarks.Inversion;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using TorchSharp;

namespace BackdoorLab.Benchmarks;

/// <summary>
/// Inputs a second that STRIP scores, and images a second of the forward pass alone, at FP32 and INT8 static.
/// </summary>
internal sealed record StripSample(
    double[] Float32,
    double[] Int8Static,
    double[] ForwardFloat32,
    double[] ForwardInt8Static
);

/// <summary>
/// STRIP on the deployed kernels of two precisions of one victim, which take turns within one process.
/// </summary>
internal static class StripSide
{
    private const int Inputs = 10;
    private const int Overlays = 50;

    /// <summary>Rates of every round, in order.</summary>
    public static StripSample Measure(string folder, string net, int threads, int rounds)
    {
        using var victim = SignVictim.LoadOrTrain(folder, net, 10, threads);
        var run = SignVictim.Run();
        using var float32 = new Float32().Convert(victim.Network, victim.Holdout, run);
        using var int8 = new Int8Static().Convert(victim.Network, victim.Holdout, run);
        DeployedClassifier[] models = [float32, int8];
        var strip = new Strip { Overlays = Overlays, ThresholdImages = 4 };
        var filters = Array.ConvertAll(
            models,
            model => strip.Fit(CheckedModels.Context(Needs.CleanHoldout, model, victim.Holdout))
        );
        var inputs = victim.Test.Select([.. Enumerable.Range(0, Inputs)]);
        int[] rows = [.. Enumerable.Range(0, Inputs * Overlays).Select(row => row % victim.Test.Count)];
        using var images = Batches.Images(victim.Test, rows);
        var (scored, forward) = (new List<double>[] { [], [] }, new List<double>[] { [], [] });
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < models.Length; i++)
            {
                scored[i].Add(Inputs / Seconds(() => filters[i].Score(inputs, run)));
                forward[i].Add(rows.Length / Seconds(() => Forward(models[i], images)));
            }
        }

        return new([.. scored[0]], [.. scored[1]], [.. forward[0]], [.. forward[1]]);
    }

    private static void Forward(DeployedClassifier model, torch.Tensor images)
    {
        using var scope = torch.NewDisposeScope();
        model.Logits(images);
    }

    private static double Seconds(Action run)
    {
        var clock = Stopwatch.StartNew();
        run();
        return clock.Elapsed.TotalSeconds;
    }
}
