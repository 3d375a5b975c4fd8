namespace BackdoorLab.Engine.Datasets;

/// <summary>Whether a data set can be used.</summary>
public enum DatasetState
{
    /// <summary>Complete and readable.</summary>
    Found,

    /// <summary>Readable, but a part of the published set (says so wherever numbers appear).</summary>
    Partial,

    /// <summary>Files are absent.</summary>
    Missing,

    /// <summary>A file is truncated, wrongly sized or wrongly labelled.</summary>
    Damaged,

    /// <summary>Made by the program; always there.</summary>
    Generated,
}

/// <summary>The answer of <see cref="DatasetSource.Inspect"/>.</summary>
/// <param name="State">Whether it can be used.</param>
/// <param name="Detail">Counts and checksum result; or which file is damaged and why; or which files are
/// missing.</param>
public sealed record DatasetStatus(DatasetState State, string Detail)
{
    /// <summary>Training images found.</summary>
    public int TrainCount { get; init; }

    /// <summary>Test images found.</summary>
    public int TestCount { get; init; }

    /// <summary>True when published checksums were compared and equal; null when there are none to compare.</summary>
    public bool? ChecksumOk { get; init; }

    /// <summary>
    /// What stands beside every number of it: the order of classes, what was left out of its folder and why.
    /// </summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Where to get the set and which files to put where, relative to the data root.</summary>
    public string Remedy { get; init; } = "";
}

/// <summary>A data set cannot be loaded. The message names file, offset and remedy.</summary>
public sealed class DatasetException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// <see cref="DatasetState.Missing"/> when files are absent, <see cref="DatasetState.Damaged"/> when one is wrong.
    /// </summary>
    public DatasetState State { get; init; } = DatasetState.Damaged;
}
