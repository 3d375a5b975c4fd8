namespace BackdoorLab.Data.Entities;

/// <summary>What a share link opens.</summary>
public enum ShareKind
{
    /// <summary>One run.</summary>
    Run,

    /// <summary>Several runs side by side.</summary>
    Comparison,

    /// <summary>A study with its runs.</summary>
    Study,

    /// <summary>A dashboard, with its study and the runs of that.</summary>
    Dashboard,

    /// <summary>The runs that meet a condition.</summary>
    View,
}
