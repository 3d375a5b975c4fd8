using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>Trainings that start from the weights of a file.</summary>
[Collection("torch")]
public sealed class StartingWeightsTests : IDisposable
{
    private static readonly ClassifierShape Shape = new(3, 32, 32, 10, Normalization.Identity(3));

    private static readonly ExperimentSpec Spec = TinyRun.Spec with { Precisions = [new Float32()], Defenses = [] };

    private readonly string _folder = Directory.CreateTempSubdirectory("start").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NewNetwork_OfAFileForTheSameClasses_HasItsWeights()
    {
        var (spec, weights) = Placed(classes: 10);
        using var network = spec.NewNetwork(Shape, _folder, Run());

        Assert.All(
            network.state_dict().Where(entry => !entry.Key.Contains("normalize", StringComparison.Ordinal)),
            entry => Assert.Equal(weights[entry.Key], Inference.Floats(entry.Value))
        );
    }

    [Fact]
    public void NewNetwork_OfAFileForOtherClasses_HasAFreshLastLayerAndSaysSo()
    {
        var (spec, weights) = Placed(classes: 7);
        var told = new List<string>();
        using var network = spec.NewNetwork(Shape, _folder, Run(told));
        var head = HeadLayers.Of(network);

        Assert.Equal(10, head[0].shape[0]);
        Assert.All(
            network.named_parameters().Where(entry => !head.Any(own => own.Handle == entry.parameter.Handle)),
            entry => Assert.Equal(weights[entry.name], Inference.Floats(entry.parameter))
        );
        Assert.Contains("tells 7 classes apart and 10 are wanted", Assert.Single(told), StringComparison.Ordinal);
        Assert.InRange(Inference.Floats(head[0]).Max(), 1e-3, 10);
    }

    [Fact]
    public void NewNetwork_OfAnotherNetworksFile_SaysWhatDiffers()
    {
        var (spec, _) = Placed(classes: 10);
        var fault = Assert.Throws<WeightFileException>(() =>
            (spec with { Model = new Vgg19 { WidthDivisor = 8 } }).NewNetwork(Shape, _folder, Run())
        );

        Assert.Contains("VGG-19", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_OfATrainingFromAFile_KnowItsContentAndNotItsName()
    {
        var start = new StartingWeights { File = "a.pth", Sha256 = new('0', 64) };
        var from = Spec with { Start = start };

        Assert.NotEqual(Keys(Spec), Keys(from));
        Assert.Equal(Keys(from), Keys(Spec with { Start = start with { File = "b.pth" } }));
        Assert.All(
            [start with { Sha256 = new('1', 64) }, start with { Entry = "ema" }],
            other => Assert.Empty(Keys(from).Intersect(Keys(Spec with { Start = other })))
        );
    }

    [Fact]
    public void Faults_OfATrainingFromAFile_NameTheirPlace()
    {
        var start = new StartingWeights { File = "a.pth", Sha256 = "short" };
        var spec = Spec with { Start = start, Training = Spec.Training with { WhiteningImages = 100 } };

        Assert.Equal(["start.sha256", "training.whiteningImages"], spec.Origin.Faults().Select(fault => fault.Path));
        Assert.Contains(
            (
                Spec with
                {
                    Start = start,
                    Suspect = new() { File = "a.pth", Sha256 = new('0', 64) },
                    Attack = new UnknownAttack(),
                }
            ).Origin.Faults(),
            fault => fault.Path == "start"
        );
    }

    [Fact]
    public void Json_OfAStart_IsReadAsItWasWritten()
    {
        var spec = Spec with
        {
            Start = new() { File = "a.pth", Sha256 = new('0', 64) },
        };

        Assert.Equal(spec.Start, SpecJson.Parse(SpecJson.Write(spec)).Start);
        Assert.DoesNotContain("start", SpecJson.Write(Spec), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Run_FromAFile_StartsBothModelsThereAndNeedsTheFileOnce()
    {
        var fresh = TinyRun.Run(Path.Combine(_folder, "fresh"), Spec).Result;
        var trained = Directory
            .EnumerateFiles(Path.Combine(_folder, "fresh"), ArtifactStore.WeightsFile, SearchOption.AllDirectories)
            .First();
        File.Copy(trained, Path.Combine(_folder, "start.safetensors"));
        var spec = Spec with
        {
            Start = Start(),
            Attack = new AdvDoor { Steps = 2 },
        };
        var store = Path.Combine(_folder, "store");
        var (first, events) = TinyRun.Run(store, spec, models: _folder);
        File.Delete(Path.Combine(_folder, "start.safetensors"));
        var (second, _) = TinyRun.Run(store, spec with { Precisions = [new BFloat16()] }, models: _folder);
        var elsewhere = TinyRun.Run(Path.Combine(_folder, "elsewhere"), spec, models: _folder).Result;

        Assert.Equal((RunEnding.Completed, RunEnding.Completed), (first.Ending, second.Ending));
        // The attacker's, the victim and the twin.
        Assert.Equal(
            3,
            events
                .Events.OfType<LogWritten>()
                .Count(line => line.Message.StartsWith("Started from", StringComparison.Ordinal))
        );
        Assert.Contains(
            first.Remarks,
            remark => remark.StartsWith("training started from the weights", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(first.Remarks, remark => remark.Contains("short schedule", StringComparison.Ordinal));
        Assert.True(Accuracy(first) > Accuracy(fresh), $"{Accuracy(first)} and {Accuracy(fresh)}");
        Assert.Equal(RunEnding.Failed, elsewhere.Ending);
        Assert.Contains("is not here. Choose it again in the form", elsewhere.Error, StringComparison.Ordinal);

        static double Accuracy(ExperimentResult result) =>
            result.Cells.Single(cell => cell.Id.Victim == Victim.Benign).Value(Metric.CleanAccuracy.Id)!.Value;
    }

    private static HashSet<string> Keys(ExperimentSpec spec)
    {
        var keys = new StageKeys(
            spec with
            {
                Attack = new AdvDoor(),
            },
            "0123456789abcdef0123456789abcdef",
            new Machine(2, false, "library")
        );
        return [keys.Model(Victim.Backdoored).Value, keys.Model(Victim.Benign).Value, keys.Asset!.Network.Value];
    }

    private static RunContext Run(List<string>? told = null) => new(new SeedTree(1), log: line => told?.Add(line));

    private StartingWeights Start() =>
        new() { File = "start.safetensors", Sha256 = ModelFile.HashOf(Path.Combine(_folder, "start.safetensors")) };

    private (ExperimentSpec Spec, Dictionary<string, float[]> Weights) Placed(int classes)
    {
        using var network = new ResNet8().Build(Shape with { Classes = classes });
        var path = Path.Combine(_folder, "start.safetensors");
        Checkpoint.Save(path, network.state_dict(), new Dictionary<string, string>());
        return (
            Spec with
            {
                Start = Start(),
            },
            network.state_dict().ToDictionary(entry => entry.Key, entry => Inference.Floats(entry.Value))
        );
    }
}
