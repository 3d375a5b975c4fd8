namespace BackdoorLab.Results;

/// <summary>Where a stage of a run stands.</summary>
public enum StageState
{
    /// <summary>To come.</summary>
    Planned,

    /// <summary>Under way.</summary>
    Running,

    /// <summary>Ended well, computed or taken from the store.</summary>
    Done,

    /// <summary>Under way when the run failed.</summary>
    Failed,

    /// <summary>Under way when the run was cancelled or lost its worker.</summary>
    Stopped,
}
