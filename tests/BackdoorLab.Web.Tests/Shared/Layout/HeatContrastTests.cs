using System.Globalization;
using System.Text.RegularExpressions;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Controls;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Shared.Layout;

/// <summary>
/// Text in the cells of matrix, leaderboard and heat maps, computed from the stylesheet for every strength of the tint
/// in both themes: a browser test only sees the values that its runs happen to have.
/// </summary>
public sealed partial class HeatContrastTests
{
    // WCAG 2.2, success criterion 1.4.3, text of any size.
    private const double Least = 4.5;

    private static readonly string Css = Stylesheets.Read("tokens.css") + Stylesheets.Read("lab.css");

    [Theory]
    [InlineData("light", "--heat-good")]
    [InlineData("light", "--heat-bad")]
    [InlineData("dark", "--heat-good")]
    [InlineData("dark", "--heat-bad")]
    public void Cells_OfEveryValue_KeepTheirTextReadable(string theme, string heat)
    {
        Assert.Contains(
            "table.matrix td.heat { background: color-mix(in srgb, var(--heat) var(--share), var(--lab-sunken)); }",
            Css,
            StringComparison.Ordinal
        );
        var (ink, sunken, full) = (Token(theme, "--lab-ink"), Token(theme, "--lab-sunken"), Token(theme, heat));
        var detail = Percent(
            @"table\.matrix \.cell \.s \{ [^}]*color-mix\(in srgb, var\(--lab-ink\) (\d+)%, transparent\)"
        );
        for (var value = 0; value <= 100; value++)
        {
            var tint = HeatScale.Tint(value / 100.0)!;
            var ground = Mix(
                full,
                sunken,
                int.Parse(Share().Match(tint).Groups[1].Value, CultureInfo.InvariantCulture) / 100.0
            );
            Assert.True(Contrast(ink, ground) >= Least, $"{theme}, {heat}, {value} %: {Contrast(ink, ground):0.00}");
            var faint = Contrast(Mix(ink, ground, detail), ground);
            Assert.True(faint >= Least, $"{theme}, {heat}, {value} %, second line: {faint:0.00}");
        }
    }

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public void Cells_WithoutAValue_KeepTheirWordsReadable(string theme)
    {
        var (muted, sunken) = (Token(theme, "--lab-muted"), Token(theme, "--lab-sunken"));
        var stripe = Mix(
            muted,
            sunken,
            Percent(@"td\.hatch, \.hatch \{ [^}]*var\(--lab-muted\) (\d+)%, transparent\)")
        );
        var ink = Token(theme, Rule().Match(Css).Groups[1].Value);
        Assert.True(Contrast(ink, sunken) >= Least, $"{theme}: {Contrast(ink, sunken):0.00}");
        Assert.True(Contrast(ink, stripe) >= Least, $"{theme}, on a stripe: {Contrast(ink, stripe):0.00}");
    }

    [Fact]
    public void Hues_AreOfTheScaleAlone()
    {
        Assert.Equal("var(--heat-good)", HeatScale.Color(Metric.CleanAccuracy));
        Assert.Equal("var(--heat-bad)", HeatScale.Color(Metric.AttackSuccessRate));
        Assert.Equal(
            ("--share: 0%", "--share: 50%", "--share: 100%", "--share: 100%"),
            (HeatScale.Tint(-1), HeatScale.Tint(0.5), HeatScale.Tint(1), HeatScale.Tint(2))
        );
        Assert.Null(HeatScale.Tint(null));
    }

    [GeneratedRegex(@"--share: (\d+)%")]
    private static partial Regex Share();

    [GeneratedRegex(@"table\.matrix \.cell \.w \{ [^}]*color: var\((--lab-[a-z]+)\)")]
    private static partial Regex Rule();

    private static double Percent(string pattern)
    {
        var match = Regex.Match(Css, pattern);
        Assert.True(match.Success, pattern);
        return int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) / 100.0;
    }

    // A custom property of a theme; the dark one overrides those of :root.
    private static double[] Token(string theme, string name)
    {
        var blocks = Regex.Matches(Css, @"(:root|html\[data-theme=""dark""\]) \{([^}]*)\}");
        var values = blocks
            .Where(block => theme == "dark" || block.Groups[1].Value == ":root")
            .Select(block => Regex.Match(block.Groups[2].Value, $"{name}: #([0-9a-f]{{6}});"))
            .Where(match => match.Success)
            .ToList();
        Assert.NotEmpty(values);
        var hex = values[^1].Groups[1].Value;
        return [.. Enumerable.Range(0, 3).Select(i => (double)Convert.ToInt32(hex.Substring(2 * i, 2), 16))];
    }

    private static double[] Mix(double[] over, double[] under, double share) =>
        [.. over.Zip(under, (a, b) => a * share + b * (1 - share))];

    // WCAG 2.2, contrast ratio of two sRGB colours.
    private static double Contrast(double[] one, double[] other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(double[] colour)
    {
        double[] linear =
        [
            .. colour
                .Select(value => value / 255)
                .Select(value => value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4)),
        ];
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    }
}
