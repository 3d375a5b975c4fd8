using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Tests.Experiments;

namespace BackdoorLab.Engine.Tests.Federated;

public sealed class FederationSpecTests
{
    [Fact]
    public void Write_ASpecWithAFederation_IsReadBackEqual()
    {
        var spec = TinyRun.Spec with
        {
            Federation = new Federation
            {
                Simulation = new Simulation { Clients = 12, Partition = Partition.Dirichlet },
                Protocol = new Lockdown { Quorum = 6 },
                Attacker = new Scaling { Boost = 3 },
            },
        };

        var read = SpecJson.Parse(SpecJson.Write(spec));

        Assert.Equal(spec.Federation, read.Federation);
        Assert.DoesNotContain("federation", SpecJson.Write(TinyRun.Spec), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"simulation":{"clients":10,"atackers":1}}""", "federation.simulation.atackers: is unknown. Did you mean 'attackers'?")]
    [InlineData("""{"simulation":{"clients":4,"attackers":4}}""", "federation.simulation.attackers: must be below the 4 clients; found 4.")]
    [InlineData("""{"protocol":{"id":"lockdwn"}}""", "Did you mean 'lockdown'?")]
    [InlineData("""{"protocol":{"id":"lockdown","quorum":11}}""", "federation.protocol.quorum: must not be above the 10 clients; found 11.")]
    [InlineData("""{"attacker":{"id":"fix-mask"}}""", "needs the protocol lockdown")]
    [InlineData("""{"server":{}}""", "federation.server: is unknown.")]
    public void Parse_AFederationWithAFault_SaysWhereAndWhat(string federation, string expected)
    {
        var document = System.Text.Json.Nodes.JsonNode.Parse(SpecJson.Write(TinyRun.Spec))!;
        document["federation"] = System.Text.Json.Nodes.JsonNode.Parse(federation);

        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(document.ToJsonString()));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_APoisonRateAboveHalf_IsForAttackersOfAFederationOnly()
    {
        var spec = TinyRun.Spec with { Attack = TinyRun.Spec.Attack with { PoisonRate = 0.8 }, Federation = new Federation() };

        Assert.Equal(0.8, SpecJson.Parse(SpecJson.Write(spec)).Attack.PoisonRate);
        var fault = Assert.Throws<SpecException>(() => SpecJson.Parse(SpecJson.Write(spec with { Federation = null })));
        Assert.Equal(
            "attack.poisonRate: must be from 0 to 0.5 where the training set is in one place (an attacking client of a federation may poison up to all of its images); found 0.8.",
            Assert.Single(fault.Faults).ToString());
    }

    [Fact]
    public void Remarks_AQuorumTheAttackersReachAndMasksThatStandStill_AreSaid()
    {
        var spec = TinyRun.Spec with { Federation = new Federation { Protocol = new Lockdown { Quorum = 1, PruningRate = 1e-4 } } };

        var remarks = Remarks.Of(spec).ToList();

        Assert.Contains(remarks, remark => remark.StartsWith("A quorum of 1 is not above the 1 attackers", StringComparison.Ordinal));
        Assert.Contains(remarks, remark => remark.StartsWith("Masks hardly move: a pruning rate of 0.0001 over 40 rounds", StringComparison.Ordinal));
    }
}
