namespace BackdoorLab.Web.Shared.Charts;

/// <summary>Cascades to charts, which cannot read custom properties: they redraw when it changes.</summary>
/// <param name="Dark">Whether the dark palette is on.</param>
public sealed record Appearance(bool Dark);
