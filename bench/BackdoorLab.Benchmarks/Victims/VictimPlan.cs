using System.Text.Json;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Benchmarks.Victims;

/// <summary>What both sides train: BadNets on CIFAR-10 by the fast recipe.</summary>
/// <param name="DataRoot">Folder of the data sets.</param>
/// <param name="Epochs">Passes over the training set.</param>
/// <param name="WidthDivisor">Divides the channels of the network.</param>
/// <param name="PoisonRate">Share of the training images that are poisoned.</param>
/// <param name="TrainLimit">Training images; 0 takes all 50,000.</param>
/// <param name="Seed">Of everything that is drawn.</param>
internal sealed record VictimPlan(
    string DataRoot,
    int Epochs,
    int WidthDivisor,
    double PoisonRate,
    int TrainLimit,
    int Seed
)
{
    /// <summary>The poisoned training set and what it is measured on.</summary>
    internal (DatasetSplits Splits, PoisonedSet Poisoned, ImageSet Triggered) Prepare()
    {
        var seeds = new SeedTree(Seed);
        var attack = new BadNets { PoisonRate = PoisonRate };
        var splits = new Cifar10 { TrainLimit = TrainLimit }.Load(DataRoot, seeds.Child("data"));
        var (channels, height, width) = (splits.Train.Channels, splits.Train.Height, splits.Train.Width);
        var trigger = attack.CreateTrigger(channels, height, width, seeds.Child("trigger"));
        var poisoned = Poisoner.Poison(splits.Train, attack, trigger, seeds.Child("poison"));
        int[] others =
        [
            .. Enumerable.Range(0, splits.Test.Count).Where(i => splits.Test.Labels[i] != attack.TargetLabel),
        ];
        var triggered = Poisoner.Stamp(splits.Test.Select(others), trigger);
        return (splits, poisoned, triggered with { Labels = [.. others.Select(_ => attack.TargetLabel)] });
    }

    /// <summary>The network.</summary>
    internal Airbench Network => new() { WidthDivisor = WidthDivisor };

    /// <summary>The recipe in an arithmetic.</summary>
    internal TrainOptions Options(bool bfloat16) =>
        TrainOptions.Fast(Epochs) with
        {
            Precision = bfloat16 ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32,
        };

    /// <summary>Writes the images as raw bytes for the other side, and the recipe beside them.</summary>
    internal void WriteFor(string folder)
    {
        var (splits, poisoned, triggered) = Prepare();
        Directory.CreateDirectory(folder);
        (string Name, ImageSet Images)[] sets =
        [
            ("train", poisoned.Images),
            ("test", splits.Test),
            ("triggered", triggered),
        ];
        foreach (var (name, images) in sets)
        {
            File.WriteAllBytes(Path.Combine(folder, name + ".pixels"), images.Pixels);
            File.WriteAllBytes(Path.Combine(folder, name + ".labels"), [.. images.Labels.Select(label => (byte)label)]);
        }

        var options = Options(bfloat16: false);
        File.WriteAllText(
            Path.Combine(folder, "plan.json"),
            JsonSerializer.Serialize(
                new
                {
                    splits.Train.Channels,
                    splits.Train.Height,
                    splits.Train.Width,
                    splits.Train.Classes,
                    splits.Normalization.Mean,
                    std = splits.Normalization.StandardDeviation,
                    Epochs,
                    Seed,
                    widths = (int[])[64 / WidthDivisor, 256 / WidthDivisor, 256 / WidthDivisor],
                    options.BatchSize,
                    options.LearningRate,
                    options.Momentum,
                    options.WeightDecay,
                    options.NormBiasRate,
                    options.LabelSmoothing,
                    options.CropPadding,
                    options.LookaheadSteps,
                    options.WhiteningImages,
                },
                JsonSerializerOptions.Web
            )
        );
    }
}
