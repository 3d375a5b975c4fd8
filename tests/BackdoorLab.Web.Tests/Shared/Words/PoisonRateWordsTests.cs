using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Tests.Shared.Words;

public sealed class PoisonRateWordsTests
{
    [Theory]
    [InlineData(0.4, null, "40.0%")]
    [InlineData(0.4, 0.1708, "17.1% (asked 40.0%)")]
    [InlineData(0.1, 0.1, "10.0%")]
    [InlineData(0.1, 0.10004, "10.0%")]
    public void Rate_OfARun_IsTheAchievedOneWithTheAskedBesideIt(double asked, double? achieved, string expected)
    {
        var run = new RunItem
        {
            Id = "r",
            Name = "",
            State = RunState.Succeeded,
            Dataset = "mnist",
            Model = "mlp",
            Attack = "badnets",
            ConfigHash = "c",
            PoisonRate = asked,
            PoisonedShare = achieved,
        };

        Assert.Equal(expected, RunWords.Rate(run));
        Assert.Contains($" {expected} · ", RunWords.Setting(run), StringComparison.Ordinal);
        Assert.Contains($" {expected} · ", RunWords.What(run), StringComparison.Ordinal);
    }
}
