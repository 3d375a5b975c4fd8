namespace BackdoorLab.Data.Entities;

/// <summary>
/// The long texts of a run. They have a table of their own because no list shows them: beside the run they would make
/// every scan of the run list read ten times as many pages.
/// </summary>
internal sealed class RunText
{
    public required string RunId { get; init; }

    public required string SpecJson { get; set; }

    /// <summary>The data by content as JSON; empty until the run has loaded it.</summary>
    public string DataJson { get; set; } = "";

    public string EnvironmentJson { get; set; } = "{}";

    public string RemarksJson { get; set; } = "[]";
}
