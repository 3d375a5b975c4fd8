namespace BackdoorLab.Data.Entities;

/// <summary>Where a run stands. Stored as text, so that the order here may change.</summary>
public enum RunState
{
    /// <summary>
    /// Written and never queued, by versions in which that was two steps; nothing becomes one any more.
    /// </summary>
    Draft,

    /// <summary>Waiting for a worker.</summary>
    Queued,

    /// <summary>Claimed by a worker, which holds its lease.</summary>
    Running,

    /// <summary>Its user asked to stop; the worker has not ended yet.</summary>
    Cancelling,

    /// <summary>Every cell has an outcome (some may have failed).</summary>
    Succeeded,

    /// <summary>Could not go on; the error says why.</summary>
    Failed,

    /// <summary>Stopped by its user.</summary>
    Cancelled,

    /// <summary>Lost its worker, by a crash or a shutdown; continues from its stages when queued again.</summary>
    Interrupted,
}
