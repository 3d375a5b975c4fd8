using System.Text.RegularExpressions;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Evaluation;

public sealed partial class MetricTests
{
    [Fact]
    public void All_Metrics_HaveUniqueKebabIdsAndASentence()
    {
        Assert.True(Metric.All.Count > 40);
        Assert.Equal(Metric.All.Count, Metric.All.Select(metric => metric.Id).Distinct().Count());
        Assert.Equal(Metric.All.Count, Metric.All.Select(metric => metric.ShortName).Distinct().Count());
        Assert.All(Metric.All, metric =>
        {
            Assert.Matches(KebabCase(), metric.Id);
            Assert.EndsWith(".", metric.Definition);
            Assert.True(metric.ShortName.Length <= 16, metric.ShortName);
        });
    }

    [Theory]
    [InlineData("attack-success-rate", "ASR", MetricUnit.Share, false)]
    [InlineData("clean-accuracy", "CA", MetricUnit.Share, true)]
    [InlineData("false-positive-rate", "FPR", MetricUnit.Share, false)]
    [InlineData("overhead-seconds", "Overhead", MetricUnit.Seconds, false)]
    [InlineData("anomaly-index", "Index", MetricUnit.Number, null)]
    public void Find_KnownId_GivesTheCatalogEntry(string id, string shortName, MetricUnit unit, bool? higherIsBetter)
    {
        var metric = Metric.Find(id);
        Assert.Equal((shortName, unit, higherIsBetter), (metric.ShortName, metric.Unit, metric.HigherIsBetter));
        Assert.Contains(metric, Metric.All);
    }

    [Fact]
    public void Find_UnknownId_MakesANameFromIt()
    {
        var metric = Metric.Find("mask-entropy");
        Assert.Equal(("mask-entropy", "Mask entropy", MetricUnit.Number), (metric.Id, metric.Name, metric.Unit));
        Assert.Null(metric.HigherIsBetter);
        Assert.Equal(MetricUnit.Share, Metric.Find("removed-share").Unit);
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex KebabCase();
}
