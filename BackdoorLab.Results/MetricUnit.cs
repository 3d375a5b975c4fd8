namespace BackdoorLab.Results;

/// <summary>How a metric's value is to be written.</summary>
public enum MetricUnit
{
    /// <summary>0..1, shown as percent.</summary>
    Share,

    /// <summary>A plain number.</summary>
    Number,

    /// <summary>1 is yes and 0 is no; a mean over runs is a share.</summary>
    YesNo,

    /// <summary>Seconds of wall time.</summary>
    Seconds,

    /// <summary>Milliseconds of wall time.</summary>
    Milliseconds,

    /// <summary>Bytes of memory.</summary>
    Bytes,
}
