namespace BackdoorLab.Results;

/// <summary>What became of a cell. An error is never averaged as "not detected".</summary>
public enum Outcome
{
    /// <summary>Not reached yet, or skipped because an earlier stage failed.</summary>
    NotRun,

    /// <summary>It has measurements.</summary>
    Value,

    /// <summary>It cannot apply; the reason says why.</summary>
    NotApplicable,

    /// <summary>It failed; the reason holds the error.</summary>
    Failed,

    /// <summary>It exceeded its time limit.</summary>
    TimedOut,
}
