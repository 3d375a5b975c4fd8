using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Jobs;

public sealed class RunContentTests
{
    [Fact]
    public void ConfigHash_OtherNameAndSeed_IsTheSame() =>
        Assert.Equal(
            RunContent.ConfigHash(TinySpec.Short),
            RunContent.ConfigHash(TinySpec.Short with { Name = "other", Seed = 9 })
        );

    [Fact]
    public void ConfigHash_OtherPoisonRate_Differs() =>
        Assert.NotEqual(
            RunContent.ConfigHash(TinySpec.Short),
            RunContent.ConfigHash(TinySpec.Short with { Attack = new BadNets { PoisonRate = 0.2 } })
        );

    [Fact]
    public void From_Spec_RepeatsWhatListsSortBy()
    {
        var content = RunContent.From(TinySpec.Short with { Seed = 7 }, maxAttempts: 3, estimatedSeconds: 12);

        Assert.Equal(
            ("tiny", "synthetic-signs", "res-net8", "badnets"),
            (content.Name, content.Dataset, content.Model, content.Attack)
        );
        Assert.Equal(
            (0.1, 0, 7L, 3, 12.0),
            (content.PoisonRate, content.TargetLabel, content.Seed, content.MaxAttempts, content.EstimatedSeconds)
        );
        Assert.Equal(7, SpecJson.Parse(content.SpecJson).Seed);
    }
}
