using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>What the keys of attackers' networks and triggers cover, and which stages build on them.</summary>
public sealed class AssetKeyTests
{
    private const string Data = "0123456789abcdef0123456789abcdef";

    private static readonly Machine Here = new(2, false, "TorchSharp 1.2.3 X64");

    private static readonly ExperimentSpec Central = TinyRun.Spec with { Precisions = [new Float32()], Defenses = [] };

    private static readonly StageKeys Usual = new(Central, Data, Here);

    [Fact]
    public void Keys_OfAPreparedAttack_AreThese()
    {
        var (keys, asset) = Prepared(new AdvDoor());
        Assert.Equal(
            """
            attacker 1a952b44b3159a95b23e978a71a61ce9
            asset 082cc6aec06a446bd02dbeea06a112f9
            poison 37351aaac0080949b7680ae205cc8491
            train 2f9a71db04c3facac7587cd050e38443
            """,
            $"attacker {asset.Network}\nasset {asset.Key}\npoison {keys["poison"]}\ntrain {keys["victim"]}"
        );
        Assert.Null(Usual.Asset);
    }

    [Fact]
    public void Keys_OfAPreparedAttack_ShareTheNetworkAndTheAssetThatTheySettle()
    {
        var (before, asset) = Prepared(new AdvDoor());
        var (rate, sameAsset) = Prepared(new AdvDoor { PoisonRate = 0.01, Labels = PoisonLabels.Clean });
        var (limit, otherAsset) = Prepared(new AdvDoor { Epsilon = 8 });
        var (_, narcissus) = Prepared(new Narcissus());
        var magnified = Prepared(new Narcissus { TestMagnification = 1 }).Asset;
        var generated = Prepared(new InputAware()).Asset;
        var otherRates = Prepared(new InputAware { PoisonRate = 0.02, CrossRate = 0.02 }).Asset;
        var (threads, onOneThread) = Prepared(new AdvDoor(), Here with { Threads = 1 });

        Assert.Equal(asset, sameAsset);
        Assert.Equal(narcissus, magnified);
        Assert.Equal(generated, otherRates);
        Assert.All([otherAsset, narcissus, generated], other => Assert.Equal(asset.Network, other.Network));
        Assert.Equal(4, new[] { asset, otherAsset, narcissus, generated }.Select(one => one.Key).Distinct().Count());
        Assert.NotEqual(before["poison"], rate["poison"]);
        Assert.All(["poison", "victim", "measure"], stage => Assert.NotEqual(before[stage], limit[stage]));
        Assert.All([before, rate, limit], keys => Assert.Equal(Usual.Model(Victim.Benign), keys["twin"]));
        Assert.NotEqual(asset.Network, onOneThread.Network);
        Assert.Equal(asset.Key.Streams, onOneThread.Key.Streams);
        Assert.All(before.Keys, stage => Assert.Equal(before[stage].Streams, threads[stage].Streams));
    }

    // Attack success on the twin is measured with the trigger.
    [Fact]
    public void Keys_OfTheTwinsCells_KnowTheAsset()
    {
        var keys = new StageKeys(Central with { Attack = new AdvDoor() }, Data, Here);
        var twin = keys.Model(Victim.Benign);

        Assert.NotEqual(
            StageKey.Of(
                "measure",
                twin,
                ("attack", new AdvDoor()),
                ("precision", Central.Precisions[0]),
                ("defense", null),
                ("cleanHoldout", Central.CleanHoldout)
            ),
            keys.Cell(twin, Central.Precisions[0], null)
        );
    }

    private static (Dictionary<string, StageKey> Keys, AssetPlan Asset) Prepared(
        PreparedAttack attack,
        Machine? machine = null
    )
    {
        var spec = Central with { Attack = attack };
        var keys = new StageKeys(spec, Data, machine ?? Here);
        var victim = keys.Model(Victim.Backdoored);
        return (
            new()
            {
                ["poison"] = keys.Poison(),
                ["victim"] = victim,
                ["twin"] = keys.Model(Victim.Benign),
                ["measure"] = keys.Cell(victim, spec.Precisions[0], null),
            },
            keys.Asset!
        );
    }
}
