using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

/// <summary>
/// The noise of AdvDoor and Narcissus on a network whose gradient is known: of two pixels the first speaks for class 1
/// and the second against it.
/// </summary>
[Collection("torch")]
public sealed class PreparedAttackTests
{
    // Grey 128 and 179, 0.2 apart: all are class 0 to the network, whatever their label.
    private static ImageSet Train { get; } =
        new(
            [.. Enumerable.Range(0, 12).SelectMany(_ => new byte[] { 128, 179 })],
            [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2],
            1,
            1,
            2,
            ["a", "b", "c"]
        );

    [Fact]
    public void AdvDoor_OfOneStep_MovesByAFifthOfTheLimitAgainstTheSlope()
    {
        var asset = Make(
            new AdvDoor
            {
                TargetLabel = 1,
                Epsilon = 51,
                Steps = 1,
            }
        );

        Assert.Equal([0.04f, -0.04f], asset.Noise.Select(value => MathF.Round(value, 6)));
        Assert.Contains("sends 0 % of training images", Assert.Single(asset.Remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void AdvDoor_OfManySteps_StopsAtTheLimitAndTellsItsSuccess()
    {
        var asset = Make(
            new AdvDoor
            {
                TargetLabel = 1,
                Epsilon = 51,
                Steps = 20,
            }
        );

        Assert.Equal([0.2f, -0.2f], asset.Noise.Select(value => MathF.Round(value, 6)));
        Assert.Contains("sends 100 % of training images", Assert.Single(asset.Remarks), StringComparison.Ordinal);
    }

    // Adam's first step is the rate, whatever the slope.
    [Fact]
    public void Narcissus_OfOnePass_MovesByTheRate()
    {
        var asset = Make(new Narcissus { TargetLabel = 1, Passes = 1 });

        Assert.Equal([0.005f, -0.005f], asset.Noise.Select(value => MathF.Round(value, 6)));
    }

    [Fact]
    public void Narcissus_OfManyPasses_StopsAtTheLimitAndTellsBothSizes()
    {
        var asset = Make(
            new Narcissus
            {
                TargetLabel = 1,
                Epsilon = 10.2,
                Passes = 60,
            }
        );

        Assert.Equal([0.04f, -0.04f], asset.Noise.Select(value => MathF.Round(value, 6)));
        // 0.2 apart: 0.08 is not enough, 0.24 is.
        Assert.Contains("sends 0 % of training images", Assert.Single(asset.Remarks), StringComparison.Ordinal);
        Assert.Contains("3 times as large 100 %", asset.Remarks[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Narcissus_StampsTheNoiseOnceInTrainingAndThriceAtTestTime()
    {
        var attack = new Narcissus { TargetLabel = 1, PoisonRate = 0.25 };
        var trigger = attack.CreateTrigger(new() { Noise = [0.1f, -0.1f] }, 1, 1, 2);
        var poisoned = Poisoner.Poison(Train, attack, trigger, new SeedTree(1));
        int[] stamped = [.. Enumerable.Range(0, 12).Where(i => poisoned.Mask[i])];

        Assert.Equal(3, stamped.Length);
        Assert.Equal(Train.Labels, poisoned.Images.Labels);
        Assert.All(stamped, i => Assert.Equal(1, Train.Labels[i]));
        // 25.5 levels, rounded to even; then 76.5 of 128 and of 179.
        Assert.All(stamped, i => Assert.InRange(poisoned.Images.Image(i)[0], 153, 154));
        Assert.InRange(Poisoner.Stamp(Train, trigger).Pixels[0], 204, 205);
        Assert.InRange(Poisoner.Stamp(Train, trigger).Pixels[1], 102, 103);
    }

    [Fact]
    public void AdvDoor_OfOneSource_PoisonsAndMeansThatClassAlone()
    {
        var attack = new AdvDoor
        {
            TargetLabel = 1,
            Sources = TriggerSources.OneClass,
            SourceClass = 2,
            PoisonRate = 0.25,
        };
        var trigger = attack.CreateTrigger(new() { Noise = [0.1f, -0.1f] }, 1, 1, 2);
        var poisoned = Poisoner.Poison(Train, attack, trigger, new SeedTree(1));

        Assert.All(Enumerable.Range(0, 12).Where(i => poisoned.Mask[i]), i => Assert.Equal(2, Train.Labels[i]));
        Assert.Equal([0, 1, 1], Poisoner.Trigger(Train.Select([0, 1, 2]), attack, trigger).IntendedLabels);
        Assert.Equal("the source class", attack.CandidateClass);
        Assert.Equal("the target class", (attack with { Labels = PoisonLabels.Clean }).CandidateClass);
        Assert.Equal("sourceClass", Assert.Single((attack with { SourceClass = 1 }).Conflicts).Path);
        Assert.Equal(
            "attack.sourceClass",
            Assert.Single(Assert.Throws<SpecException>(() => Make(attack with { SourceClass = 9 })).Faults).Path
        );
    }

    [Fact]
    public void CreateTrigger_WithoutAnAsset_SaysThatTheRunMakesIt()
    {
        var reason = Assert.Throws<NotApplicableException>(() =>
            new AdvDoor().CreateTrigger(3, 32, 32, new SeedTree(1))
        );

        Assert.Contains("trigger of AdvDoor is made in the run", reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MakeAsset_Ended_LeavesNoTensorBehind()
    {
        Make(new AdvDoor { TargetLabel = 1, Steps = 2 });
        var live = LiveTensors.Count();
        using (var scope = NewDisposeScope())
        {
            new TorchSharp.Modules.Parameter(zeros(1)).Dispose();
        }

        // TorchSharp counts the tensor that a parameter was made of for ever; it holds nothing.
        var counted = LiveTensors.Count() - live;
        Make(new AdvDoor { TargetLabel = 1, Steps = 2 });

        Assert.Equal(live + 2 * counted, LiveTensors.Count());
    }

    private static AttackAsset Make(PreparedAttack attack)
    {
        using var network = new Difference();
        return attack.MakeAsset(
            new()
            {
                Network = network,
                Train = Train,
                Run = new RunContext(new SeedTree(1)),
            }
        );
    }

    private sealed class Difference() : Classifier(nameof(Difference))
    {
        public override ClassifierShape Shape => new(1, 1, 2, 3, Normalization.Identity(1));

        public override int FeatureCount => 2;

        public override int LastConvChannels => 1;

        public override Tensor Activations(INetworkArithmetic arithmetic, Tensor images) => images.alias();

        public override Tensor Pool(INetworkArithmetic arithmetic, Tensor activations) => activations.flatten(1);

        // 0, first less second, and far below.
        public override Tensor Head(INetworkArithmetic arithmetic, Tensor features) =>
            features.mm(tensor([0f, 1f, 0f, 0f, -1f, 0f], new long[] { 2, 3 })).add(tensor([0f, 0f, -9f]));
    }
}
