using System.Globalization;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>
/// A residual network (CIFAR form) that learned generated traffic signs and a BadNets trigger; trained once for each
/// architecture and number of classes and kept in a folder.
/// </summary>
internal sealed class SignVictim : IDisposable
{
    /// <summary>The backdoor's target.</summary>
    public const int Target = 0;

    /// <summary>
    /// A backdoor that the network did not learn gives a detector nothing to find, and two verdicts nothing to agree
    /// on.
    /// </summary>
    public const double LeastAttackSuccess = 0.9;

    private const int Epochs = 12;
    private const int ImagesPerClass = 150;
    private const int MostImages = 1720;
    private const int HoldoutCount = 128;
    private const int TestCount = 256;

    private SignVictim(Classifier network, DatasetSplits splits)
    {
        Network = network;
        Holdout = splits.Test.Select([.. Enumerable.Range(0, HoldoutCount)]);
        Test = splits.Test.Select([.. Enumerable.Range(HoldoutCount, TestCount)]);
    }

    /// <summary>In evaluation mode.</summary>
    public Classifier Network { get; }

    /// <summary>The defender's clean images.</summary>
    public ImageSet Holdout { get; }

    /// <summary>Other clean images.</summary>
    public ImageSet Test { get; }

    /// <summary>Reads the network from <paramref name="folder"/>, or trains it and writes it there.</summary>
    public static SignVictim LoadOrTrain(string folder, string net, int classes, int threads)
    {
        var source = new SyntheticSigns
        {
            Classes = classes,
            TrainCount = Math.Min(MostImages, ImagesPerClass * classes),
            TestCount = HoldoutCount + TestCount,
        };
        var splits = source.Load("", Seeds("data"));
        var network = EngineSide.Start(net, new(3, 32, 32, classes, splits.Normalization), threads);
        var file = Path.Combine(
            folder,
            string.Create(CultureInfo.InvariantCulture, $"victim-{net}-{classes}-{Epochs}.safetensors")
        );
        if (File.Exists(file))
        {
            Checkpoint.Load(file, network.state_dict());
        }
        else
        {
            Train(network, splits.Train);
            Checkpoint.Save(file, network.state_dict(), new Dictionary<string, string>());
        }

        network.eval();
        return new(network, splits);
    }

    /// <summary>Clean accuracy and attack success, 0..1.</summary>
    public (double Accuracy, double AttackSuccess) Measure()
    {
        using var deployed = new Float32().Convert(Network, Holdout, Run());
        var metrics = Evaluator.Measure(deployed, Test, Poisoner.Trigger(Test, Attack(), Trigger()), Run());
        return (metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.Value);
    }

    /// <summary>The random streams of everything that is measured on a victim.</summary>
    public static RunContext Run() => new(Seeds("run"));

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    private static void Train(Classifier network, ImageSet images)
    {
        var poisoned = Poisoner.Poison(images, Attack(), Trigger(), Seeds("poison")).Images;
        var options = new TrainOptions
        {
            Epochs = Epochs,
            BatchSize = 32,
            LearningRate = 0.05,
            Flip = false,
        };
        var run = new RunContext(
            Seeds("training"),
            progress: (done, total, _) =>
            {
                if (done % 20 == 0)
                {
                    Console.Error.WriteLine(
                        string.Create(CultureInfo.InvariantCulture, $"training the victim: step {done} of {total}")
                    );
                }
            }
        );
        Trainer.Train(network, poisoned, options, run);
    }

    private static BadNets Attack() => new() { TargetLabel = Target };

    private static Trigger Trigger() => Attack().CreateTrigger(3, 32, 32, Seeds("trigger"));

    private static SeedTree Seeds(string name) => new SeedTree(1).Child(name);
}
