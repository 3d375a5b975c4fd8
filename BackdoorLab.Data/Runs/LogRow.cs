namespace BackdoorLab.Data.Runs;

/// <summary>A line of a run's log.</summary>
/// <param name="Sequence">From 1, without gaps, across attempts.</param>
/// <param name="At">UTC.</param>
/// <param name="Level">info, warning, error.</param>
/// <param name="Text">Text.</param>
public sealed record LogRow(long Sequence, DateTime At, string Level, string Text);
