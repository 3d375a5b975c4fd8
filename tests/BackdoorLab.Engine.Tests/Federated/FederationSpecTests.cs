using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Engine.Tests.Experiments;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Tests.Federated;

public sealed class FederationSpecTests
{
    // Enough images for ten clients with a batch each.
    private static readonly ExperimentSpec Spec = TinyRun.Spec with
    {
        Dataset = new SyntheticSigns
        {
            Classes = 10,
            TrainCount = 400,
            TestCount = 200,
        },
    };

    [Fact]
    public void Write_ASpecWithAFederation_IsReadBackEqual()
    {
        var spec = Spec with
        {
            Federation = new Federation
            {
                Simulation = new Simulation
                {
                    Clients = 12,
                    Partition = Partition.Dirichlet,
                    Alpha = 5,
                    BatchSize = 16,
                    Statistics = StatisticsSource.ReEstimated,
                },
                Protocol = new Lockdown { Quorum = 6 },
                Attacker = new Scaling { Boost = 3 },
            },
        };

        var read = SpecJson.Parse(SpecJson.Write(spec));

        Assert.Equal(spec.Federation, read.Federation);
        Assert.DoesNotContain("federation", SpecJson.Write(TinyRun.Spec), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{"simulation":{"clients":10,"atackers":1}}""",
        "federation.simulation.atackers: is unknown. Did you mean 'attackers'?"
    )]
    [InlineData(
        """{"simulation":{"clients":4,"attackers":4}}""",
        "federation.simulation.attackers: must be below the 4 clients; found 4."
    )]
    [InlineData("""{"protocol":{"id":"lockdwn"}}""", "Did you mean 'lockdown'?")]
    [InlineData(
        """{"protocol":{"id":"lockdown","quorum":11}}""",
        "federation.protocol.quorum: must not be above the 10 clients; found 11."
    )]
    [InlineData("""{"attacker":{"id":"fix-mask"}}""", "needs the protocol lockdown")]
    [InlineData("""{"server":{}}""", "federation.server: is unknown.")]
    [InlineData(
        """{"simulation":{"clients":14}}""",
        "federation.simulation.clients: 14 clients need 32 images each, a batch, and there are 400: have at most 12 clients"
    )]
    [InlineData(
        """{"simulation":{"partition":"dirichlet","batchSize":40}}""",
        "federation.simulation.alpha: in 1000 draws of Dirichlet(0.5) some of 10 clients had fewer than 40 of the 400 images"
    )]
    [InlineData(
        """{"simulation":{"attackers":0}}""",
        "federation.simulation.attackers: must be at least 1 where attack.poisonRate is 0.1"
    )]
    public void Parse_AFederationWithAFault_SaysWhereAndWhat(string federation, string expected)
    {
        var document = System.Text.Json.Nodes.JsonNode.Parse(SpecJson.Write(Spec))!;
        document["federation"] = System.Text.Json.Nodes.JsonNode.Parse(federation);

        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(document.ToJsonString()));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_APoisonRateAboveHalf_IsForAttackersOfAFederationOnly()
    {
        var spec = Spec with { Attack = Spec.Attack with { PoisonRate = 0.8 }, Federation = new Federation() };

        Assert.Equal(0.8, SpecJson.Parse(SpecJson.Write(spec)).Attack.PoisonRate);
        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(SpecJson.Write(spec with { Federation = null })));
        Assert.Equal(
            "attack.poisonRate: must be from 0 to 0.5 where the training set is in one place (an attacking client of a federation may poison up to all of its images); found 0.8.",
            Assert.Single(fault.Faults).ToString()
        );
    }

    [Fact]
    public void Remarks_AQuorumTheAttackersReachAndMasksThatStandStill_AreSaid()
    {
        var spec = Spec with
        {
            Federation = new Federation
            {
                Protocol = new Lockdown { Quorum = 1, PruningRate = 1e-4 },
            },
        };

        var remarks = Remarks.Of(spec).ToList();

        Assert.Contains(
            remarks,
            remark => remark.StartsWith("A quorum of 1 is not above the 1 attackers", StringComparison.Ordinal)
        );
        Assert.Contains(
            remarks,
            remark =>
                remark.StartsWith(
                    "Masks hardly move: a pruning rate of 0.0001 over 40 rounds",
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public void Validate_APoisonRateThatIsNoImageOfAnyAttacker_IsRefusedWithTheSmallestThatIs()
    {
        // 400 images, 10 clients: 40 each, 36 of other classes than the target.
        var spec = Spec with
        {
            Attack = Spec.Attack with { PoisonRate = 0.02 },
            Federation = new Federation(),
        };

        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(SpecJson.Write(spec)));

        Assert.Equal(
            "attack.poisonRate: 0.02 of at most 36 images of other classes that an attacker has is no image: give at least 0.0278, or 0 to train without poison.",
            Assert.Single(fault.Faults).ToString()
        );
        var allowed = spec with { Attack = spec.Attack with { PoisonRate = 0.0278 } };
        Assert.Equal(0.0278, SpecJson.Parse(SpecJson.Write(allowed)).Attack.PoisonRate);
    }

    [Fact]
    public void Validate_AnAttackThatChangesTheTrainedNetwork_IsRefusedWhereClientsTrain()
    {
        var spec = Spec with
        {
            Attack = new PqBackdoor { PoisonRate = 0.1 },
            Federation = new Federation(),
        };

        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(SpecJson.Write(spec)));

        Assert.Contains(
            "attack.id: must be an attack that only poisons data where clients train the model",
            fault.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void StudyPlan_ASeedWhoseImagesCannotBeDealt_IsAFaultBeforeAnyRun()
    {
        // One draw in a thousand or so gives every client 36 of its 40 images, so about half of the seeds find a
        // dealing in a thousand draws.
        var experiment = Spec with
        {
            Federation = new Federation
            {
                Simulation = new Simulation
                {
                    Partition = Partition.Dirichlet,
                    Alpha = 0.5,
                    BatchSize = 36,
                },
            },
        };
        int[] seeds = [.. Enumerable.Range(0, 40)];
        int[] refused = [.. seeds.Where(seed => (experiment with { Seed = seed }).Origin.DrawFault() is not null)];
        Assert.InRange(refused.Length, 1, 39);
        var good = seeds.Except(refused).First();
        var study = new StudySpec
        {
            Name = "deal",
            Seeds = [good, refused[0]],
            Experiment = (System.Text.Json.Nodes.JsonObject)
                System.Text.Json.Nodes.JsonNode.Parse(SpecJson.Write(experiment))!,
        };

        var fault = Assert.Throws<SpecException>(() => StudyPlan.Make(study));

        Assert.Contains(
            $"experiment.federation.simulation.alpha: with seed {refused[0]}: in 1000 draws",
            fault.Message,
            StringComparison.Ordinal
        );
        Assert.Single(StudyPlan.Make(study with { Seeds = [good] }).Experiments);
    }

    [Theory]
    [InlineData(
        """{"aggregator":{"id":"sign"}}""",
        "A majority of signs moves every parameter by the server's rate in every round: at 1 the model is thrown about"
    )]
    [InlineData(
        """{"aggregator":{"id":"krum"},"simulation":{"serverLearningRate":0.001}}""",
        "A server rate of 0.001 is for sign aggregation"
    )]
    [InlineData(
        """{"aggregator":{"id":"krum"}}""",
        "Krum decides about trained parameters alone. This network also tracks statistics of batch normalisation, and those are averaged over all clients, attackers included"
    )]
    [InlineData(
        """{"aggregator":{"id":"median"},"simulation":{"statistics":"trusted-clients"}}""",
        "Coordinate-wise median trusts no client more than another"
    )]
    [InlineData(
        """{"protocol":{"id":"lockdown","sameMask":false}}""",
        "Masks that start apart rarely agree: at density 0.25 a coordinate of a sparse layer has the quorum of 5 of 10 clients in 7.8 % of the cases"
    )]
    [InlineData(
        """{"protocol":{"id":"lockdown","quorum":0}}""",
        "A quorum of 0 keeps every parameter: there is no consensus fusion"
    )]
    [InlineData(
        """{"protocol":{"id":"lockdown","density":1}}""",
        "At a density of 1 every client trains every parameter"
    )]
    [InlineData(
        """{"protocol":{"id":"lockdown","fusionMasks":"end-of-round"},"attacker":{"id":"omniscience"}}""",
        "no votes are counted before the first round is over, so in it the attacker trains inside its own first mask"
    )]
    [InlineData(
        """{"protocol":{"id":"lockdown","quorum":0},"attacker":{"id":"omniscience"}}""",
        "Omniscience without a quorum: the consensus keeps everything"
    )]
    [InlineData(
        """{"protocol":{"id":"lockdown"},"simulation":{"participation":0.5}}""",
        "Fusion counts the masks of all 10 clients"
    )]
    [InlineData(
        """{"aggregator":{"id":"trimmed-mean"},"simulation":{"attackers":4}}""",
        "The trimmed mean leaves out 1 value at each end, and 4 of 10 clients of a round may attack"
    )]
    [InlineData(
        """{"aggregator":{"id":"trimmed-mean","trimShare":0}}""",
        "A trimmed mean that leaves out none is a plain mean"
    )]
    [InlineData("""{"aggregator":{"id":"rlr","threshold":0}}""", "RLR with a threshold of 0 reverses nothing")]
    [InlineData(
        """{"aggregator":{"id":"rlr"},"simulation":{"attackers":4}}""",
        "where they vote against all others the signs sum to 2, which reverses the step"
    )]
    [InlineData(
        """{"aggregator":{"id":"krum"},"simulation":{"attackers":4}}""",
        "Krum is proven for at least twice the attackers and three clients more"
    )]
    [InlineData(
        """{"aggregator":{"id":"multi-krum","selected":10}}""",
        "Multi-Krum averages 10 updates, more than there are honest ones"
    )]
    [InlineData(
        """{"aggregator":{"id":"flame"},"simulation":{"attackers":5}}""",
        "FLAME follows the majority: 5 of 10 clients of a round may attack"
    )]
    [InlineData("""{"aggregator":{"id":"fools-gold"}}""", "blind to a lone one")]
    [InlineData("""{"attacker":{"id":"scaling","boost":1}}""", "Scaling by 1 scales nothing")]
    [InlineData(
        """{"attacker":{"id":"scaling"},"aggregator":{"id":"sign"}}""",
        "Scaling makes no difference under a majority of signs"
    )]
    [InlineData(
        """{"attacker":{"id":"neurotoxin"},"simulation":{"rounds":1}}""",
        "Neurotoxin begins in the second round"
    )]
    [InlineData("""{"attacker":{"id":"dba"}}""", "with 1 some parts are never trained")]
    [InlineData(
        """{"simulation":{"alpha":0.1}}""",
        "The Dirichlet concentration 0.1 is not used: the images are dealt IID."
    )]
    [InlineData(
        "{}",
        "Not used by clients, who train by the federation's own settings: epochs, batch size of the usual training."
    )]
    public void Remarks_SettingsThatDoSomethingOtherThanTheirName_AreSaid(string federation, string expected)
    {
        var document = System.Text.Json.Nodes.JsonNode.Parse(SpecJson.Write(Spec))!;
        document["federation"] = System.Text.Json.Nodes.JsonNode.Parse(federation);
        var spec = SpecJson.Parse(document.ToJsonString());

        Assert.Contains(Remarks.Of(spec), remark => remark.Contains(expected, StringComparison.Ordinal));
        Assert.Contains(Remarks.Warnings(spec), remark => remark.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Warnings_OfUsualSettings_AreNone()
    {
        var spec = Spec with
        {
            Model = new Mlp(),
            Training = new TrainOptions(),
            Federation = new Federation { Protocol = new Lockdown { PruningRate = 0.02 } },
        };

        Assert.Empty(Remarks.Warnings(spec));
        Assert.Empty(Remarks.Warnings(spec with { Federation = new Federation { Aggregator = new Krum() } }));
        Assert.Empty(
            Remarks.Warnings(
                spec with
                {
                    Model = new ResNet9(),
                    Federation = new Federation
                    {
                        Aggregator = new Krum(),
                        Simulation = new Simulation { Statistics = StatisticsSource.TrustedClients },
                    },
                }
            )
        );
    }
}
