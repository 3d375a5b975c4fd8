using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>
/// The smallest federation that shows Lockdown's trends: ten classes of blobs with noise, 16 x 16, ten clients of 200
/// images, one of which attacks half of its images, and a network of one hidden layer.
/// </summary>
internal static class ToyFederation
{
    internal const int Side = 16;
    internal const int Target = 7;
    private const int Classes = 10;
    private const float Level = 24;

    internal static Federation Settings { get; } =
        new()
        {
            Simulation = new Simulation
            {
                Clients = 10,
                Attackers = 1,
                Rounds = 25,
                BatchSize = 20,
            },
        };

    internal static Lockdown Lockdown { get; } = new() { PruningRate = 1e-2, Quorum = 5 };

    internal static BadNets Attack { get; } =
        new()
        {
            PoisonRate = 0.5,
            TargetLabel = Target,
            Place = PatchPlace.TopLeft,
            Pattern = PatchPattern.White,
            PatchSize = 3,
            Margin = 0,
        };

    internal static TrainOptions Training { get; } = new() { Precision = TrainingPrecision.Float32, Flip = false };

    internal static Classifier Network(int seed)
    {
        manual_seed(seed);
        return new OneHiddenLayer(Shape, 128);
    }

    /// <summary>A network that tracks statistics of batch normalisation.</summary>
    internal static Classifier Normalised(int seed)
    {
        manual_seed(seed);
        return new SmallConvolutionalNetwork(Shape);
    }

    private static ClassifierShape Shape { get; } =
        new(1, Side, Side, Classes, new Normalization([128 / 255f], [Level / 255f]));

    internal static FederatedData Data(int seed, Federation federation, int? attackers = null, Attack? attack = null) =>
        FederatedData.Deal(
            Images(2000, seed, "train"),
            federation,
            attack ?? Attack,
            Trigger(attack ?? Attack),
            attackers ?? federation.Simulation.Attackers,
            flipAllowed: false,
            new SeedTree(seed)
        );

    /// <summary>Trains and returns network and history; the caller owns the network.</summary>
    internal static (Classifier Network, FederationHistory History) Train(
        Federation federation,
        int seed,
        FederationHooks? hooks = null,
        CancellationToken cancellation = default
    ) => Train(Network(seed), federation, seed, hooks, cancellation);

    /// <summary>Trains a network of the caller's.</summary>
    internal static (Classifier Network, FederationHistory History) Train(
        Classifier network,
        Federation federation,
        int seed,
        FederationHooks? hooks = null,
        CancellationToken cancellation = default
    )
    {
        var history = FederatedTraining.Run(
            network,
            Data(seed, federation),
            federation,
            federation.Simulation.Attackers,
            Training,
            new RunContext(new SeedTree(seed), cancellation),
            hooks ?? new FederationHooks { Measure = Measure(seed) }
        );
        return (network, history);
    }

    internal static Func<Classifier, RoundMetrics> Measure(int seed)
    {
        var test = Images(500, seed, "test");
        var triggered = Poisoner.Trigger(test, Attack, Trigger(Attack));
        return network =>
        {
            var metrics = Evaluator.Measure(network, test, triggered, new RunContext(new SeedTree(0)));
            return new(metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.Value, metrics.RobustAccuracy.Value);
        };
    }

    private static Trigger Trigger(Attack attack) => attack.CreateTrigger(1, Side, Side, new SeedTree(1));

    // A class is a sum of four blobs; an image is shifted by a pixel, scaled and noisy.
    private static ImageSet Images(int count, int seed, string part)
    {
        var design = new SeedTree(99).Child("classes").Random();
        var classes = Enumerable
            .Range(0, Classes)
            .Select(_ =>
                Enumerable
                    .Range(0, 4)
                    .Select(_ =>
                        (
                            Y: design.NextDouble() * Side,
                            X: design.NextDouble() * Side,
                            Size: 1.5 + 1.5 * design.NextDouble(),
                            Sign: design.Next(2) * 2 - 1
                        )
                    )
                    .ToArray()
            )
            .ToArray();
        var random = new SeedTree(seed).Child(part).Random();
        var (pixels, labels) = (new byte[count * Side * Side], new int[count]);
        for (var i = 0; i < count; i++)
        {
            labels[i] = i % Classes;
            var (dy, dx, contrast) = (random.Next(3) - 1, random.Next(3) - 1, 0.7 + 0.6 * random.NextDouble());
            for (var pixel = 0; pixel < Side * Side; pixel++)
            {
                var (y, x) = (pixel / Side + dy, pixel % Side + dx);
                var value = classes[labels[i]]
                    .Sum(blob =>
                        blob.Sign
                        * 1.6
                        * Math.Exp(
                            -((y - blob.Y) * (y - blob.Y) + (x - blob.X) * (x - blob.X)) / (2 * blob.Size * blob.Size)
                        )
                    );
                var noise =
                    Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                pixels[i * Side * Side + pixel] = (byte)Math.Clamp(128 + Level * (contrast * value + noise), 0, 255);
            }
        }

        return new ImageSet(
            pixels,
            labels,
            1,
            Side,
            Side,
            [.. Enumerable.Range(0, Classes).Select(label => $"class {label}")]
        );
    }
}
