namespace BackdoorLab.Web.Shared.Charts;

/// <summary>
/// Colours of charts in one appearance. The series colours are told apart by people with every common colour vision.
/// </summary>
public sealed record ChartPalette(
    string Ink,
    string Muted,
    string Grid,
    string Surface,
    string Threshold,
    IReadOnlyList<string> Series
)
{
    public static ChartPalette Light { get; } =
        new(
            "#1a2227",
            "#55616a",
            "#e4e1d9",
            "#ffffff",
            "#1a2227",
            ["#0b6e80", "#c2500f", "#7a5195", "#8a7a12", "#3b7d4f", "#a83a5b", "#4a6fb5", "#6b6b6b"]
        );

    public static ChartPalette Dark { get; } =
        new(
            "#e5eaec",
            "#9eacb4",
            "#2b353b",
            "#171d21",
            "#e5eaec",
            ["#63c3d1", "#f2945f", "#c39bd8", "#d8c65a", "#86c79b", "#ea8fab", "#8fb0ea", "#b5b5b5"]
        );

    /// <summary>The palette of an appearance.</summary>
    public static ChartPalette For(bool dark) => dark ? Dark : Light;

    /// <summary>The colour of series <paramref name="index"/>.</summary>
    public string At(int index) => Series[index % Series.Count];
}
