using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Tests.Evaluation;

/// <summary>
/// A small residual network really trained on poisoned pictures of signs, in a few seconds, and its deployed forms.
/// </summary>
public sealed class TrainedVictim : IDisposable
{
    private readonly Classifier _network;
    private readonly DatasetSplits _data;
    private readonly Dictionary<string, DeployedClassifier> _deployed = [];

    public TrainedVictim()
    {
        _data = new SyntheticSigns { TrainCount = 2000, TestCount = 800 }.Load("", new SeedTree(1));
        var attack = new BadNets { PoisonRate = 0.1 };
        var trigger = attack.CreateTrigger(3, _data.Train.Height, _data.Train.Width, new SeedTree(1));
        TorchSharp.torch.random.manual_seed(1);
        _network = new ResNet8().Build(
            new(3, _data.Train.Height, _data.Train.Width, _data.Train.Classes, _data.Normalization)
        );
        var poisoned = Poisoner.Poison(_data.Train, attack, trigger, new SeedTree(2)).Images;
        Trainer.Train(
            _network,
            poisoned,
            new TrainOptions
            {
                Epochs = 8,
                BatchSize = 64,
                Precision = TrainingPrecision.Float32,
            },
            new RunContext(new SeedTree(3))
        );
        _network.eval();
        Holdout = _data.Test.Select([.. Enumerable.Range(0, 400)]);
        Sets = ControlSets.Of(
            Holdout,
            _data.Train,
            _data.Test.Select([.. Enumerable.Range(400, 400)]),
            attack.TargetLabel,
            new SeedTree(4)
        );
    }

    internal ControlSets Sets { get; }

    internal ImageSet Holdout { get; }

    internal DeployedClassifier At(string precision) =>
        _deployed.TryGetValue(precision, out var known)
            ? known
            : _deployed[precision] = ((Precision)MethodCatalog.Default.Find(precision)!.CreateDefault()).Convert(
                _network,
                Holdout,
                new RunContext(new SeedTree(5))
            );

    public void Dispose()
    {
        foreach (var deployed in _deployed.Values)
        {
            deployed.Dispose();
        }

        _network.Dispose();
    }
}
