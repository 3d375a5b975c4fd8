using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Tests.Experiments;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

/// <summary>
/// Attacks that choose, stamp and label otherwise than most, through <see cref="Attack.Choose"/> alone.
/// </summary>
[Collection("torch")]
public sealed class ChoiceTests
{
    private static readonly Trigger White = new MaskTrigger([1f, 0f], [1f, 1f], 1, 1, 2);

    // Two pixels an image: its number, and 0.
    private static ImageSet Images { get; } =
        new(
            [.. Enumerable.Range(0, 12).SelectMany(i => new byte[] { (byte)i, 0 })],
            [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
            1,
            1,
            2,
            ["a", "b", "c"]
        );

    [Fact]
    public void Poison_ByACleanLabelAttack_StampsImagesOfTheTargetAndKeepsTheirLabels()
    {
        var attack = new CleanLabel { PoisonRate = 0.25, TargetLabel = 1 };
        var poisoned = Poisoner.Poison(Images, attack, White, new SeedTree(1));

        Assert.Equal(Images.Labels, poisoned.Images.Labels);
        Assert.Equal(3, poisoned.Mask.Count(poison => poison));
        Assert.All(Marked(poisoned), i => Assert.Equal((1, 255), (Images.Labels[i], (int)poisoned.Images.Image(i)[0])));
        var achieved = AchievedPoison.Of(Images, poisoned, attack, ofAttackers: false);
        Assert.Equal((4, 3, 0.75), (achieved.Candidates, achieved.Poisoned, achieved.LargestClassShare));
    }

    [Fact]
    public void Poison_ByACleanLabelAttackWithTooHighARate_TakesTheClassAndSaysSo()
    {
        var attack = new CleanLabel { PoisonRate = 0.5, TargetLabel = 1 };
        var poisoned = Poisoner.Poison(Images, attack, White, new SeedTree(1));
        var achieved = AchievedPoison.Of(Images, poisoned, attack, ofAttackers: false);

        Assert.Equal(4, achieved.Poisoned);
        Assert.EndsWith(
            "where 50 % was asked for: no more images are of the target class",
            achieved.Remark,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "attack.targetLabel: leaves nothing to poison: none of the 12 training images is of the target class. "
                + "Take another target.",
            AchievedPoison.Fault(attack, 12, candidates: 0)!.ToString()
        );
    }

    [Fact]
    public void Fault_OfACleanLabelAttack_NamesWhatTheClassAllows()
    {
        var attack = new CleanLabel { PoisonRate = 0.1, TargetLabel = 1 };

        Assert.Equal(
            "attack.poisonRate: 0.1 of 50,000 training images are 5,000, the target class has 4,999: poison that keeps "
                + "its label is of that class alone. Give at most 0.0999.",
            AchievedPoison.Fault(attack, 50_000, candidates: 4999)!.ToString()
        );
        Assert.Null(AchievedPoison.Fault(attack, 50_000, candidates: 5000));
        Assert.Null(AchievedPoison.Fault(attack with { PoisonRate = 0.01 }, 50_000, candidates: 500));
        Assert.Null(AchievedPoison.Fault(attack, 50_000));
        Assert.Null(AchievedPoison.Fault(new WithCovers { PoisonRate = 0.1 }, 50_000, candidates: 4000));
    }

    [Fact]
    public void Conflicts_OfACleanLabelAttackToAllClasses_AreToldOfTheSpec() =>
        Assert.StartsWith(
            "attack.mapping: must be all-to-one where the poison keeps its label",
            Assert
                .Single(
                    (
                        TinyRun.Spec with
                        {
                            Attack = new Sinusoidal
                            {
                                CleanLabel = true,
                                Mapping = LabelMapping.AllToAll,
                                PoisonRate = 0.02,
                            },
                        }
                    ).Origin.Faults()
                )
                .ToString(),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(0.29, 100, 29)]
    [InlineData(0.145, 100, 15)]
    [InlineData(0.005, 100, 1)]
    [InlineData(0.0049, 100, 0)]
    public void CountOf_ADecimalRate_IsExact(double rate, int images, int count)
    {
        Assert.Equal(count, Poisoner.CountOf(images, rate));
        Assert.Equal(
            (int)(rate * 1000) * images / 1000,
            Poisoner.CountAmong(images, new BadNets { PoisonRate = rate })
        );
    }

    [Fact]
    public void Prepare_OfASinusoidalAttackWithCleanLabels_PoisonsTheTargetOrRefuses()
    {
        // Ten classes of 30 images.
        var spec = TinyRun.Spec with
        {
            Attack = new Sinusoidal { CleanLabel = true, PoisonRate = 0.05 },
        };
        var data = spec.Dataset.Load("", new SeedTree(1));
        var inputs = ExperimentInputs.Prepare(spec, data);

        Assert.Equal("15 of 300 training images (5 %), 50 % of label 0", inputs.Achieved!.Words());
        Assert.Equal(data.Train.Labels, inputs.Poisoned.Images.Labels);
        Assert.Contains(
            "0.11 of 300 training images are 33, the target class has 30",
            Assert
                .Throws<SpecException>(() =>
                    ExperimentInputs.Prepare(spec with { Attack = spec.Attack with { PoisonRate = 0.11 } }, data)
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Poison_WithCovers_StampsThemOtherwiseKeepsTheirLabelsAndCountsThemNot()
    {
        var poisoned = Poisoner.Poison(Images, new WithCovers { PoisonRate = 0.25 }, White, new SeedTree(1));
        int[] covers = poisoned.Changes.Single(change => !change.IsPoison).Indices;

        Assert.Equal(2, covers.Length);
        Assert.Empty(covers.Intersect(Marked(poisoned)));
        Assert.All(covers, i => Assert.Equal((Images.Labels[i], 255 - i), LabelAndPixel(i)));
        Assert.Equal(3, Marked(poisoned).Count());
        Assert.All(Marked(poisoned), i => Assert.Equal((0, 255), LabelAndPixel(i)));

        (int Label, int Pixel) LabelAndPixel(int i) => (poisoned.Images.Labels[i], poisoned.Images.Image(i)[0]);
    }

    [Fact]
    public void Stamp_AfterAugmentation_GivesEveryImageItsOwnTrigger()
    {
        var attack = new WithCovers { PoisonRate = 0.25, StampAfterAugmentation = true };
        var early = Poisoner.Poison(Images, attack with { StampAfterAugmentation = false }, White, new SeedTree(1));
        var late = Poisoner.Poison(Images, attack, White, new SeedTree(1));
        int[] all = [.. Enumerable.Range(0, Images.Count).Reverse()];
        using var scope = NewDisposeScope();

        var stamped = new LateStamps(Images.Count, late.Changes).Stamp(Batches.Images(late.Images, all), all);

        Assert.Equal(Images.Pixels, late.Images.Pixels);
        Assert.Equal(early.Images.Labels, late.Images.Labels);
        var expected = Batches.Images(early.Images, all);
        Assert.True(stamped.sub(expected).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    public void Poison_AnImageInTwoChanges_IsRefused()
    {
        var refused = Assert.Throws<InvalidOperationException>(() =>
            Poisoner.Poison(Images, new Twice { PoisonRate = 0.25 }, White, new SeedTree(1))
        );

        Assert.Contains("twice", refused.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<int> Marked(PoisonedSet set) =>
        Enumerable.Range(0, set.Mask.Length).Where(i => set.Mask[i]);

    private abstract record Whitened : Attack
    {
        public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) => White;
    }

    private sealed record CleanLabel : Whitened
    {
        public override bool IsCleanLabel => true;
    }

    private sealed record WithCovers : Whitened
    {
        public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice)
        {
            var poison = choice.Draw();
            var covers = choice.DrawOthers(2, poison, "covers");
            return [new(poison, choice.Trigger), new(covers, new Negative()) { MovesLabel = false, IsPoison = false }];
        }
    }

    private sealed record Twice : Whitened
    {
        public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice) =>
            [new(choice.Draw(), choice.Trigger), new(choice.Draw(), choice.Trigger)];
    }

    // What it makes of an image depends on the image.
    private sealed class Negative : Trigger
    {
        public override Tensor Apply(Tensor images) => images.neg().add(1f.ToScalar());
    }
}
