using BackdoorLab.Web.Shared.Charts;

namespace BackdoorLab.Web.Tests.Shared.Charts;

public sealed class ChartPartsTests
{
    [Theory]
    [InlineData("FP32", "FP32")]
    [InlineData("INT8 static (calibration set clean-holdout)", "INT8 static<br>(calibration<br>set<br>clean-holdout)")]
    [InlineData("a <b> name", "a &lt;b&gt; name")]
    public void Category_LongName_IsInLinesAndEncoded(string text, string expected) =>
        Assert.Equal(expected, ChartParts.Category(text));
}
