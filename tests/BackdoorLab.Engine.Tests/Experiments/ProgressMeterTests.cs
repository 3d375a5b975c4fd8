using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Tests.Experiments;

public sealed class ProgressMeterTests
{
    private static readonly PlannedStage[] Plan =
    [
        new("a", "train", "A", 30),
        new("b", "defend", "B", 60),
        new("c", "defend", "C", 10),
    ];

    [Fact]
    public void At_TheBeginning_IsZeroAndTheWholeEstimateIsLeft()
    {
        var meter = new ProgressMeter(Plan);
        meter.Start("a");
        var (fraction, eta) = meter.At(0);
        Assert.Equal(0, fraction);
        Assert.InRange(eta, 95, 115);
    }

    [Fact]
    public void At_HalfOfTheFirstStage_CountsItsShareOfTheEstimate()
    {
        var meter = new ProgressMeter(Plan);
        meter.Start("a");
        Assert.Equal(0.15, meter.At(0.5).Fraction, 6);
    }

    [Fact]
    public void At_AfterACachedStage_LeavesItOutOfBothSides()
    {
        var meter = new ProgressMeter(Plan);
        meter.Start("a");
        meter.Finish(cached: true);
        meter.Start("b");
        Assert.Equal(0.5 * 60 / 70, meter.At(0.5).Fraction, 6);
    }

    [Fact]
    public void At_TheEnd_IsOneAndNothingIsLeft()
    {
        var meter = new ProgressMeter(Plan);
        foreach (var stage in Plan)
        {
            meter.Start(stage.Key);
            meter.Finish(cached: false);
        }

        var (fraction, eta) = meter.At(0);
        Assert.Equal(1, fraction);
        Assert.Equal(0, eta);
    }
}
