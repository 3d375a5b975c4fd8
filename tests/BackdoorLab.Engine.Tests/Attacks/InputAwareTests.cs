using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

/// <summary>Input-aware's networks, losses and triggers.</summary>
[Collection("torch")]
public sealed class InputAwareTests
{
    // Of two classes: dark left half, or dark right half, at many levels.
    private static ImageSet Train { get; } =
        new(
            [
                .. Enumerable
                    .Range(0, 150)
                    .SelectMany(image =>
                        Enumerable
                            .Range(0, 64)
                            .Select(pixel =>
                                (byte)((pixel % 8 < 4) == (image % 2 == 0) ? image % 40 : 200 - image * pixel % 50)
                            )
                    ),
            ],
            [.. Enumerable.Range(0, 150).Select(image => image % 2)],
            1,
            8,
            8,
            ["left", "right"]
        );

    private static InputAware Small { get; } =
        new()
        {
            TargetLabel = 1,
            Width = 2,
            MaskEpochs = 1,
            Epochs = 1,
        };

    // The released code's networks: 13 convolutions for CIFAR-10's patterns, 9 for MNIST's masks.
    [Theory]
    [InlineData(3, 32, 32, 3, 721_475)]
    [InlineData(1, 28, 16, 1, 41_953)]
    public void PatternNetwork_OfThePapersSizes_HasItsNumbers(
        int channels,
        int side,
        int width,
        int outputs,
        int count
    ) => Assert.Equal(count, PatternNetwork.CountOf(new(channels, side, width, outputs)));

    [Fact]
    public void PatternNetwork_FoldedAndFrozen_IsTheSameMap()
    {
        using var scope = NewDisposeScope();
        var shape = new PatternShape(3, 13, 4, 3);
        using var network = new PatternNetwork(shape);
        var images = rand(5, 3, 13, 17);
        // Statistics and scales that are not the fresh ones.
        network.train();
        network.call(images);
        network.eval();
        var folded = network.Folded();

        Assert.Equal(PatternNetwork.CountOf(shape), folded.Length);
        var expected = network.call(images);
        var found = PatternNetwork.Frozen(shape, folded)(images);
        Assert.Equal([5L, 3, 13, 17], found.shape);
        Assert.True(found.sub(expected).abs().max().item<float>() < 1e-5);
        Assert.InRange(found.min().item<float>(), 0, 1);
        Assert.InRange(found.std().item<float>(), 1e-4, 1);
    }

    // tanh(20 m - 10) / 2 + 1/2: at 0.55 it is (tanh 1 + 1) / 2.
    [Fact]
    public void Pressed_OfMasks_IsNearlyBlackAndWhite()
    {
        using var scope = NewDisposeScope();
        var pressed = Inference.Floats(GeneratedTrigger.Pressed(tensor([0f, 0.5f, 0.55f, 1f])));

        Assert.Equal([0.0, 0.5, 0.880797, 1.0], pressed.Select(value => Math.Round(value, 6)));
    }

    // 0.2 + (1 - 0.2) / 4, and nothing where the mask is black.
    [Fact]
    public void Blend_OfAPattern_ShowsItAsFarAsTheMaskDoes()
    {
        using var scope = NewDisposeScope();
        var images = tensor([0.2f, 0.2f], new long[] { 1, 1, 1, 2 });
        var mask = tensor([0.25f, 0f], new long[] { 1, 1, 1, 2 });

        Assert.Equal(
            [0.4f, 0.2f],
            Inference.Floats(GeneratedTrigger.Blend(images, ones(1, 1, 1, 2), mask)).Select(v => MathF.Round(v, 6))
        );
    }

    // Images 0.3 and 0.5 apart (0.3, 0.3; 0.1, 0.7), maps 0.1 and 0.25: (3 + 2) / 2.
    [Fact]
    public void Diversity_OfTwoPairs_IsTheMeanRatioOfRootMeanSquares()
    {
        using var scope = NewDisposeScope();
        var images = tensor([0.3f, 0.3f, 0.1f, 0.7f], new long[] { 2, 1, 1, 2 });
        var maps = tensor([0.1f, 0.1f, 0.25f, 0.25f], new long[] { 2, 1, 1, 2 });
        var diversity = GeneratorTraining.Diversity(images, zeros_like(images), maps, zeros_like(maps));

        Assert.Equal(2.5, diversity.item<float>(), 4);
    }

    // Masks 0.532 and 0.032 everywhere: 100 x 0.25 of density, and images 0.4 apart to masks 0.5 apart.
    [Fact]
    public void MaskLoss_OfMasks_CostsWhatIsAboveTheDensityAndTheirLikeness()
    {
        using var scope = NewDisposeScope();
        var images = tensor([0f, 0.4f], new long[] { 2, 1, 1, 1 });
        var masks = tensor([0.532f, 0.032f], new long[] { 2, 1, 1, 1 });

        Assert.Equal(25.8, GeneratorTraining.MaskLoss(images, masks).item<float>(), 3);
    }

    [Fact]
    public void MakeAsset_Twice_IsTheSameAndLeavesTheAttackersNetwork()
    {
        using var network = Network();
        var before = network.parameters().Select(parameter => Inference.Floats(parameter)).ToArray();
        var first = Make(network, Small);
        var second = Make(network, Small);

        Assert.Equal(first.Weights, second.Weights);
        Assert.Equal(before, network.parameters().Select(parameter => Inference.Floats(parameter)));
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.Contains("an image's own trigger sends", Assert.Single(first.Remarks), StringComparison.Ordinal);
        Assert.All(
            MemoryMarshal.Cast<byte, float>(first.Weights).ToArray(),
            value => Assert.True(float.IsFinite(value))
        );
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void MakeAsset_OfMoreEpochs_OpensABackdoorByOwnTriggersOnly()
    {
        using var network = Network();
        var asset = Make(network, Small with { Width = 8, MaskEpochs = 100, Epochs = 400 });
        double[] percent =
        [
            .. Regex
                .Matches(asset.Remarks[0], @"[\d.]+(?= %)")
                .Select(number => double.Parse(number.Value, CultureInfo.InvariantCulture)),
        ];

        // A trigger that worked on other images too would leave half of them their label.
        Assert.InRange(percent[0], 80, 100);
        Assert.InRange(percent[1], 65, 100);
    }

    [Fact]
    public void Choose_WithCrossedImages_StampsAnothersTriggerAndKeepsTheirLabel()
    {
        using var network = Network();
        var attack = Small with { PoisonRate = 0.1, CrossRate = 0.2 };
        var trigger = attack.CreateTrigger(Make(network, attack), 1, 8, 8);
        var poisoned = Poisoner.Poison(Train, attack, trigger, new SeedTree(1));
        int[] poison = [.. Enumerable.Range(0, 150).Where(i => poisoned.Mask[i])];
        int[] changed =
        [
            .. Enumerable
                .Range(0, 150)
                .Where(i => !poisoned.Images.Image(i).SequenceEqual(Train.Image(i)) && !poisoned.Mask[i]),
        ];

        Assert.Equal(15, poison.Length);
        Assert.All(poison, i => Assert.Equal((0, 1), (Train.Labels[i], poisoned.Images.Labels[i])));
        Assert.InRange(changed.Length, 25, 30);
        Assert.All(changed, i => Assert.Equal(Train.Labels[i], poisoned.Images.Labels[i]));
        // Crossed by another image's trigger, and so not as by its own.
        var stamped = Poisoner.Stamp(Train, trigger);
        Assert.Contains(changed, i => !poisoned.Images.Image(i).SequenceEqual(stamped.Image(i)));
        Assert.All(poison, i => Assert.Equal(stamped.Image(i).ToArray(), poisoned.Images.Image(i).ToArray()));
    }

    [Fact]
    public void AssetForm_OfOtherRates_IsTheSame()
    {
        Assert.Equal(new InputAware().AssetForm(), new InputAware { PoisonRate = 0.01, CrossRate = 0 }.AssetForm());
        Assert.NotEqual(new InputAware().AssetForm(), new InputAware { Mapping = LabelMapping.AllToAll }.AssetForm());
    }

    [Fact]
    public void MakeAsset_Ended_LeavesNoTensorBehind()
    {
        using var network = Network();
        var live = LiveTensors.Count();
        Make(network, Small);
        var first = LiveTensors.Count() - live;
        Make(network, Small);

        Assert.InRange(LiveTensors.Count() - live, 0, 2 * first);
    }

    private static Classifier Network()
    {
        random.manual_seed(7);
        var network = new SmallConvolutionalNetwork(new(1, 8, 8, 2, Normalization.Identity(1)));
        network.eval();
        return network;
    }

    private static AttackAsset Make(Classifier network, InputAware attack)
    {
        random.manual_seed(3);
        return attack.MakeAsset(
            new()
            {
                Network = network,
                Train = Train,
                Run = new RunContext(new SeedTree(1)),
            }
        );
    }
}
