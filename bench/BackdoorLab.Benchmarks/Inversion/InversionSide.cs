using System.Diagnostics;
using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;
using TorchSharp;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>Our side of the comparison, and what the other side needs to start from the same point.</summary>
internal static class InversionSide
{
    /// <summary>Trains or loads the victim and writes all that the other side reads.</summary>
    public static VictimSample Prepare(string folder, InversionPlan plan, int threads)
    {
        using var victim = SignVictim.LoadOrTrain(folder, plan.Net, plan.Classes, threads);
        var file = Path.Combine(
            folder,
            string.Create(
                CultureInfo.InvariantCulture,
                $"inversion-{plan.Net}-{plan.Classes}-{plan.Updates}-{plan.Batch}.safetensors"
            )
        );
        Export(file, victim, plan);
        var (accuracy, success) = victim.Measure();
        if (success < SignVictim.LeastAttackSuccess)
        {
            throw new InvalidOperationException(
                $"The victim of {plan.Classes} classes has not learnt its backdoor: attack success {100 * success:F0} %, at least {100 * SignVictim.LeastAttackSuccess:F0} % needed. A verdict on it would say nothing."
            );
        }

        return new(accuracy, success, file);
    }

    /// <summary>
    /// Neural Cleanse as the engine runs it on the FP32 model, its check on the deployed model included.
    /// </summary>
    public static InversionSample Measure(string folder, InversionPlan plan, InversionSchedule schedule, int threads)
    {
        using var victim = SignVictim.LoadOrTrain(folder, plan.Net, plan.Classes, threads);
        using var deployed = new Float32().Convert(victim.Network, victim.Holdout, SignVictim.Run());
        var context = CheckedModels.Context(Needs.CleanHoldout | Needs.InputGradients, deployed, victim.Holdout);
        var before = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var verdict = plan.Defense(schedule).Detect(context);
        clock.Stop();
        var processor = Environment.CpuUsage.TotalTime - before;
        var norms = verdict.Figures.OfType<BarFigure>().First().Bars[0].Values;
        return new(
            clock.Elapsed.TotalSeconds,
            processor.TotalSeconds,
            Array.ConvertAll(norms, norm => norm!.Value),
            null,
            [.. verdict.SuspectedLabels.Order()],
            verdict.Score,
            (int)verdict.Numbers.Single(number => number.Name == "updates").Value,
            $"TorchSharp {TorchRuntime.Describe()["torchSharp"]}"
        );
    }

    private static void Export(string file, SignVictim victim, InversionPlan plan)
    {
        using var scope = torch.NewDisposeScope();
        var tensors = victim.Network.state_dict();
        var seeds = SignVictim.Run().Seeds;
        var images = HoldoutSample.Take(victim.Holdout, 0, seeds.Child("holdout"));
        tensors["images"] = Batches.Images(images);
        tensors["logits"] = Logits(victim.Network, images);
        var defense = plan.Defense(InversionSchedule.Full);
        for (var label = 0; label < plan.Classes; label++)
        {
            // As ClassInversion draws them.
            var random = ClassInversion.Random(seeds, label);
            var mask = new Squashed(images.Height * images.Width, random, defense.LearningRate);
            var pattern = new Squashed(images.ImageBytes, random, defense.LearningRate);
            var order = new ImageOrder(images.Count, random);
            long[] batches =
            [
                .. Enumerable
                    .Range(0, plan.Updates)
                    .SelectMany(_ => order.Next(plan.Batch))
                    .Select(index => (long)index),
            ];
            tensors[$"start.{label}.mask"] = torch.tensor(mask.Theta.ToArray(), [1, 1, images.Height, images.Width]);
            tensors[$"start.{label}.pattern"] = torch.tensor(
                pattern.Theta.ToArray(),
                [1, images.Channels, images.Height, images.Width]
            );
            tensors[$"start.{label}.batches"] = torch.tensor(batches, [plan.Updates, plan.Batch]);
        }

        Checkpoint.Save(file, tensors, new Dictionary<string, string>());
    }

    private static torch.Tensor Logits(Classifier network, ImageSet images)
    {
        using var noGradient = torch.no_grad();
        return network.call(Batches.Images(images));
    }
}
