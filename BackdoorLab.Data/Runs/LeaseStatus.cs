namespace BackdoorLab.Data.Runs;

/// <summary>What a worker learns when it renews its lease.</summary>
public enum LeaseStatus
{
    /// <summary>Go on.</summary>
    Held,

    /// <summary>Go on only to stop: the user asked to cancel. The lease is renewed.</summary>
    CancelRequested,

    /// <summary>The run is no longer this worker's; stop and write nothing.</summary>
    Lost,
}
