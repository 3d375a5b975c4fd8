using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Attacks;

/// <summary>
/// What every discovered attack must keep; what only stands in for an attack has no trigger and is left out.
/// </summary>
[Collection("torch")]
public sealed class AttackContractTests
{
    public static TheoryData<string> Ids =>
        [.. MethodCatalog.Default.Offered(typeof(Attack)).Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Trigger_OnAnyImage_ChangesItWithinTheRange(string id)
    {
        foreach (var (channels, side) in new[] { (3, 32), (1, 28), (3, 48) })
        {
            using var scope = NewDisposeScope();
            var trigger = Trigger(Default(id), channels, side, 1);
            var images = SmallModels.Images(SmallModels.Shape(channels, side), 3);
            var original = images.clone();
            var stamped = trigger.Apply(images);
            Assert.Equal(images.shape, stamped.shape);
            Assert.Equal(0, SmallModels.LargestDifference(original, images));
            Assert.InRange(stamped.min().item<float>(), 0, 1);
            Assert.InRange(stamped.max().item<float>(), 0, 1);
            for (var i = 0; i < 3; i++)
            {
                Assert.True(SmallModels.LargestDifference(images[i], stamped[i]) > 0.01);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Trigger_SameSeed_IsTheSame(string id)
    {
        using var scope = NewDisposeScope();
        var images = SmallModels.Images(SmallModels.Shape(), 2);
        var first = Trigger(Default(id), 3, 32, 4).Apply(images);
        var second = Trigger(Default(id), 3, 32, 4).Apply(images);
        Assert.Equal(0, SmallModels.LargestDifference(first, second));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Trigger_Applied_LeavesNoTensorBehind(string id)
    {
        using var scope = NewDisposeScope();
        var images = SmallModels.Images(SmallModels.Shape(), 2);
        var trigger = Trigger(Default(id), 3, 32, 4);
        trigger.Apply(images).Dispose();
        var live = LiveTensors.Count();
        trigger.Apply(images).Dispose();
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Poison_OfAnySet_IsExactInCountAndLeavesTheInput(string id)
    {
        foreach (var mapping in Enum.GetValues<LabelMapping>())
        {
            var clean = SmallModels.ImageSet(SmallModels.Shape(), 200);
            var (pixels, labels) = ((byte[])clean.Pixels.Clone(), (int[])clean.Labels.Clone());
            var attack = Default(id) with { Mapping = mapping, TargetLabel = 2 };
            if (attack.Conflicts.Any())
            {
                continue;
            }

            var count = Math.Min(30, labels.Count(attack.IsCandidate) / 2);
            attack = attack with { PoisonRate = count / 200.0 };
            var trigger = Trigger(attack, 3, 32, 1);
            var poisoned = Poisoner.Poison(clean, attack, trigger, new SeedTree(5));
            Assert.Equal(pixels, clean.Pixels);
            Assert.Equal(labels, clean.Labels);
            Assert.Equal(count, poisoned.Mask.Count(marked => marked));
            Assert.All(
                poisoned.Changes,
                change => Assert.Equal(change.IsPoison && !attack.IsCleanLabel, change.MovesLabel)
            );
            for (var i = 0; i < clean.Count; i++)
            {
                var change = poisoned.Changes.SingleOrDefault(one => one.Indices.Contains(i));
                Assert.Equal(change is { IsPoison: true }, poisoned.Mask[i]);
                Assert.Equal(
                    change is { MovesLabel: true } ? attack.Map(labels[i], 10) : labels[i],
                    poisoned.Images.Labels[i]
                );
                Assert.Equal(change is not null, !clean.Image(i).SequenceEqual(poisoned.Images.Image(i)));
                Assert.True(!poisoned.Mask[i] || attack.IsCandidate(labels[i]));
                Assert.False(
                    poisoned.Mask[i]
                        && attack is { Mapping: LabelMapping.AllToOne, IsCleanLabel: false }
                        && labels[i] == 2
                );
            }

            Assert.Equal(poisoned.Mask, Poisoner.Poison(clean, attack, trigger, new SeedTree(5)).Mask);
            Assert.NotEqual(poisoned.Mask, Poisoner.Poison(clean, attack, trigger, new SeedTree(6)).Mask);
        }
    }

    // What an attacker would make first is noise here, or generators of random weights.
    private static Trigger Trigger(Attack attack, int channels, int side, int seed) =>
        attack is PreparedAttack prepared
            ? prepared.CreateTrigger(
                new()
                {
                    Noise = [.. Enumerable.Range(0, channels * side * side).Select(i => i % 2 == 0 ? 0.1f : -0.1f)],
                    Weights = prepared is InputAware generated ? Generators(generated, channels, side) : null,
                },
                channels,
                side,
                side
            )
            : attack.CreateTrigger(channels, side, side, new SeedTree(seed));

    private static byte[] Generators(InputAware attack, int channels, int side)
    {
        var random = new SeedTree(3).Random();
        var count =
            PatternNetwork.CountOf(attack.MaskShape(channels, side))
            + PatternNetwork.CountOf(attack.PatternShape(channels, side));
        return PatternNetwork.Bytes([.. Enumerable.Range(0, count).Select(_ => 0.6f * random.NextSingle() - 0.3f)]);
    }

    private static Attack Default(string id) => (Attack)MethodCatalog.Default.Find(id)!.CreateDefault();
}
