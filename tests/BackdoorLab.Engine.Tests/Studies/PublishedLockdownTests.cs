using System.Text.Json;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Engine.Tests.Studies;

public sealed class PublishedLockdownTests
{
    [Theory]
    [InlineData(0.5, 1, 2)]
    [InlineData(0.8, 1, 2)]
    [InlineData(0.1, 1, 0)]
    [InlineData(0.5, 4, 0)]
    public void Compare_OnlyTheConfigurationOfTheTable_StandsBesideItsValues(
        double poisonRate,
        int attackers,
        int findings
    )
    {
        var found = PublishedClaims.Compare(PublishedLockdown.Paper, [Setting(poisonRate, attackers)]);

        Assert.Equal(findings, found.Count);
    }

    [Fact]
    public void Compare_Lockdown_GivesPublishedAndMeasuredWithWhatDiffers()
    {
        var success = PublishedClaims.Compare(PublishedLockdown.Paper, [Setting(0.5, 1)])[1];

        Assert.Equal(
            "Lockdown leaves an attack success of 3.4 % with Dirichlet 0.5 data and 50 % poison.",
            success.Claim
        );
        Assert.Equal(0.034, success.Published);
        Assert.Equal(0.02, success.Measured!.Value);
        Assert.Equal(
            "Here 1 of 10 clients attack and poison 50 % for 40 rounds on GTSRB with ResNet-9, over 3 seeds; the paper has 4 of 40, the same share, 200 rounds on CIFAR-10 with ResNet-9, and one run.",
            success.Why
        );
    }

    [Fact]
    public void Compare_AnotherRateOfTheTable_TakesThatColumn()
    {
        var success = PublishedClaims.Compare(PublishedLockdown.Paper, [Setting(0.05, 1)])[1];

        Assert.Equal(
            "Lockdown leaves an attack success of 7.6 % with Dirichlet 0.5 data and 5 % poison.",
            success.Claim
        );
        Assert.Equal(0.076, success.Published);
    }

    [Fact]
    public void Title_OfAFederation_NamesMethodPartitionAndAttackers()
    {
        Assert.Equal("FedAvg, IID, 1 of 10 attacks", new Federation().Title());
        Assert.Equal(
            "Lockdown (pruning rate 0.1), Dirichlet 0.2, 4 of 10 attack (Scaling)",
            new Federation
            {
                Simulation = new Simulation
                {
                    Attackers = 4,
                    Partition = Partition.Dirichlet,
                    Alpha = 0.2,
                },
                Protocol = new Lockdown { PruningRate = 0.1 },
                Attacker = new Scaling(),
            }.Title()
        );
    }

    private static StudySetting Setting(double poisonRate, int attackers) =>
        new(
            "title",
            "gtsrb[classCount=10]",
            "res-net9[widthDivisor=8]",
            "badnets[poisonRate=0.5]",
            poisonRate,
            ["float32"],
            [],
            [
                new()
                {
                    Precision = "float32",
                    Defense = null,
                    Role = StudyRole.Undefended,
                    Changes = new Dictionary<string, StudyChange>(),
                    Scores = [],
                    Outcomes = [],
                    Notes = [],
                    Values = new Dictionary<string, StudyValue>
                    {
                        [Metric.CleanAccuracy.Id] = new(0.9, null, null, 3),
                        [Metric.AttackSuccessRate.Id] = new(0.02, null, null, 3),
                    },
                },
            ],
            JsonSerializer
                .SerializeToNode(
                    new Federation
                    {
                        Simulation = new Simulation { Attackers = attackers, Partition = Partition.Dirichlet },
                        Protocol = new Lockdown(),
                    },
                    SpecJson.Options
                )!
                .AsObject()
        );
}
