using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>What Lockdown's paper shows and what holds on the toy federation, each the mean of three seeds.</summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class LockdownTrendTests
{
    private static readonly Lazy<(RoundMetrics Global, RoundMetrics? Fused)> FedAvg = new(() =>
        Mean(ToyFederation.Settings)
    );
    private static readonly Lazy<(RoundMetrics Global, RoundMetrics? Fused)> Locked = new(() =>
        Mean(With(ToyFederation.Lockdown))
    );

    [Fact]
    public void FedAvg_WithOneAttacker_IsBackdoored()
    {
        Assert.Null(FedAvg.Value.Fused);
        Assert.InRange(FedAvg.Value.Global.AttackSuccessRate!.Value, 0.6, 1);
        Assert.InRange(FedAvg.Value.Global.BenignAccuracy, 0.85, 1);
    }

    [Fact]
    public void Lockdown_AfterFusion_HasLittleAttackSuccessAtNearlyEqualAccuracy()
    {
        Assert.InRange(Locked.Value.Fused!.AttackSuccessRate!.Value, 0, 0.25);
        Assert.InRange(Locked.Value.Fused!.BenignAccuracy, FedAvg.Value.Global.BenignAccuracy - 0.03, 1);
    }

    [Fact]
    public void Lockdown_BeforeFusion_IsBackdoored() =>
        Assert.InRange(Locked.Value.Global.AttackSuccessRate!.Value, 0.5, 1);

    [Fact]
    public void Lockdown_MasksThatNeverMove_AreBackdoored() =>
        AssertBackdoored(ToyFederation.Lockdown with { PruningRate = 0 });

    [Fact]
    public void Lockdown_RandomRecovery_IsBackdoored() =>
        AssertBackdoored(ToyFederation.Lockdown with { Recovery = MaskRecovery.Random });

    [Fact]
    public void Lockdown_QuorumNotAboveTheAttackers_IsBackdoored() =>
        AssertBackdoored(ToyFederation.Lockdown with { Quorum = 1 });

    [Fact]
    public void Lockdown_DenseMasks_AreBackdoored() => AssertBackdoored(ToyFederation.Lockdown with { Density = 0.8 });

    private static void AssertBackdoored(Lockdown protocol) =>
        Assert.InRange(Mean(With(protocol)).Fused!.AttackSuccessRate!.Value, 0.5, 1);

    private static Federation With(Lockdown protocol) => ToyFederation.Settings with { Protocol = protocol };

    private static (RoundMetrics Global, RoundMetrics? Fused) Mean(Federation federation)
    {
        var lasts = Enumerable
            .Range(0, 3)
            .Select(seed =>
            {
                var measure = ToyFederation.Measure(seed);
                var round = 0;
                // Only the last round is measured, which is two calls under fusion and one without.
                var last = 2 * federation.Simulation.Rounds;
                var (network, history) = ToyFederation.Train(
                    federation,
                    seed,
                    new FederationHooks
                    {
                        Measure = model =>
                            ++round > (federation.Protocol is Lockdown ? last - 2 : federation.Simulation.Rounds - 1)
                                ? measure(model)
                                : new(0, 0, 0),
                    }
                );
                network.Dispose();
                return history.Rounds[^1];
            })
            .ToList();
        return (
            Mean(lasts.ConvertAll(last => last.Global)),
            lasts[0].Fused is null ? null : Mean(lasts.ConvertAll(last => last.Fused!))
        );
    }

    private static RoundMetrics Mean(List<RoundMetrics> metrics) =>
        new(
            metrics.Average(metric => metric.BenignAccuracy),
            metrics.Average(metric => metric.AttackSuccessRate!.Value),
            metrics.Average(metric => metric.RobustAccuracy!.Value)
        );
}
