namespace BackdoorLab.Web.Jobs;

/// <summary>How far a running run is.</summary>
/// <param name="Phase">Title of the stage under way.</param>
/// <param name="StageKey">Its key.</param>
/// <param name="Done">Units of the stage done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Unit">What is counted.</param>
/// <param name="RunFraction">Share of the whole run, 0..1.</param>
/// <param name="EtaSeconds">Estimated seconds to the end of the run, at <paramref name="At"/>.</param>
/// <param name="At">When that was so, UTC.</param>
public sealed record LiveProgress(
    string Phase,
    string StageKey,
    double Done,
    double Total,
    string Unit,
    double RunFraction,
    double? EtaSeconds,
    DateTime At
);
