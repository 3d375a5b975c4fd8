using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Tests.Experiments;

/// <summary>Which preprocessing a network was trained with, by its loss.</summary>
public sealed class ScaleTrialTests
{
    private static readonly ImageSet Four = new(new byte[4], [0, 1, 0, 1], 1, 1, 1, ["a", "b"]);

    [Fact]
    public void Of_Logits_HasTheirCrossEntropyAndAccuracy()
    {
        var trial = ScaleTrial.Of("x", [0, 0, 1000, 0, MathF.Log(3), 0, 0, 2], Four);

        // ln 2, 1000, ln(4/3), ln(1 + e^-2).
        Assert.Equal([0.693147, 1000, 0.287682, 0.126928], trial.Losses.Select(loss => Math.Round(loss, 6)));
        Assert.Equal(0.75, trial.Accuracy);
    }

    [Fact]
    public void Loss_OfNoNumbers_IsTheWorst() =>
        Assert.Equal(double.PositiveInfinity, ScaleTrial.Of("x", [float.NaN, 0, 0, 0, 0, 0, 0, 0], Four).Loss);

    [Fact]
    public void Ties_DifferencesWithinTwoErrors_AreSaid()
    {
        ScaleTrial best = new("pixels in [0,1]", [0.1, 0.2, 0.1, 0.2], 1),
            near = new("mean and standard deviation 0.5", [0.2, 0.1, 0.3, 0.1], 1),
            far = new("the data set's", [2.1, 2.3, 2.2, 2.1], 0.25);

        Assert.True(best.Ties(near));
        Assert.False(best.Ties(far));
        Assert.Equal(
            "pixel scale: pixels in [0,1] (loss 0.150, 100.0 % of 4 clean images right; mean and standard deviation 0.5 0.175, 100.0 %; the data set's 2.175, 25.0 %); "
                + "a tie: mean and standard deviation 0.5 cannot be told from it on these images, so the scale is not known",
            best.Words([near, far])
        );
        Assert.DoesNotContain("tie", best.Words([far]), StringComparison.Ordinal);
    }
}
