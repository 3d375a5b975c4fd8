namespace BackdoorLab.Data;

/// <summary>What became of an edit.</summary>
public enum DraftUpdate
{
    /// <summary>Saved.</summary>
    Saved,

    /// <summary>Somebody changed the run since it was read; nothing was saved.</summary>
    Conflict,

    /// <summary>The run does not exist or is no draft any more; nothing was saved.</summary>
    NotADraft,
}
