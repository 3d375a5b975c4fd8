using System.Text.RegularExpressions;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Engine.Tests.Evaluation;

public sealed partial class MetricTests
{
    [Fact]
    public void All_Metrics_HaveUniqueKebabIdsAndASentence()
    {
        Assert.True(MetricCatalog.All.Count > 40);
        Assert.Equal(MetricCatalog.All.Count, MetricCatalog.All.Select(metric => metric.Id).Distinct().Count());
        Assert.Equal(MetricCatalog.All.Count, MetricCatalog.All.Select(metric => metric.ShortName).Distinct().Count());
        Assert.All(
            MetricCatalog.All,
            metric =>
            {
                Assert.Matches(KebabCase(), metric.Id);
                Assert.EndsWith(".", metric.Definition);
                Assert.True(metric.ShortName.Length <= 16, metric.ShortName);
            }
        );
    }

    [Theory]
    [InlineData("attack-success-rate", "ASR", MetricUnit.Share, false)]
    [InlineData("clean-accuracy", "CA", MetricUnit.Share, true)]
    [InlineData("false-positive-rate", "FPR", MetricUnit.Share, false)]
    [InlineData("overhead-seconds", "Overhead", MetricUnit.Seconds, false)]
    [InlineData("anomaly-index", "Index", MetricUnit.Number, null)]
    public void Find_KnownId_GivesTheCatalogEntry(string id, string shortName, MetricUnit unit, bool? higherIsBetter)
    {
        var metric = MetricCatalog.Find(id);
        Assert.Equal((shortName, unit, higherIsBetter), (metric.ShortName, metric.Unit, metric.HigherIsBetter));
        Assert.Contains(metric, MetricCatalog.All);
    }

    [Fact]
    public void All_NumbersOfMethods_StandBetweenWhatResultsShare()
    {
        var declared = MethodCatalog.Default.Numbers;

        Assert.Contains(FinePruning.StopRuleMargin, declared);
        Assert.Equal(declared, MetricCatalog.All.Except(Metric.Shared));
        Assert.Equal(Metric.Shared, MetricCatalog.All.Except(declared));
        Assert.Equal(
            declared[0],
            MetricCatalog.All.SkipWhile(metric => metric != Metric.FilteredCleanAccuracy).ElementAt(1)
        );
        Assert.Equal(InversionNumbers.IndexCeiling.OfTwins(), MetricCatalog.Find("benign-index-ceiling"));
    }

    [Fact]
    public void Find_UnknownId_MakesANameFromIt()
    {
        var metric = MetricCatalog.Find("mask-entropy");
        Assert.Equal(("mask-entropy", "Mask entropy", MetricUnit.Number), (metric.Id, metric.Name, metric.Unit));
        Assert.Null(metric.HigherIsBetter);
        Assert.Equal(MetricUnit.Share, MetricCatalog.Find("removed-share").Unit);
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex KebabCase();
}
