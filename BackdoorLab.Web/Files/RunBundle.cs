using System.Text.Json.Nodes;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Files;

/// <summary>
/// The file <c>run.json</c> of a bundle: a run that has ended, as another lab can show and repeat it.
/// </summary>
public sealed record RunBundle
{
    /// <summary>Version of the bundle's form.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Name of the file in the bundle.</summary>
    public const string RunFile = "run.json";

    /// <summary>Name of the file with the checksums of all others, in the form of <c>sha256sum</c>.</summary>
    public const string ChecksumFile = "checksums.sha256";

    /// <summary>Folder of the pictures and figures.</summary>
    public const string FileFolder = "files/";

    /// <summary>Version of the form.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>Version of the program that wrote it.</summary>
    public required string Program { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTime Exported { get; init; }

    /// <summary>The run, its numbers and curves. The spec in it is the text that was run.</summary>
    public required RunDetail Run { get; init; }

    /// <summary>The spec once more, to be read by people.</summary>
    public required JsonNode Spec { get; init; }

    /// <summary>The log.</summary>
    public required IReadOnlyList<LogRow> Log { get; init; }

    /// <summary>All files of the run, of its cells too.</summary>
    public static IEnumerable<ArtifactReference> Files(RunDetail run) =>
        run.Artifacts.Concat(run.Cells.SelectMany(cell => cell.Artifacts)).DistinctBy(file => (file.Stage, file.File));
}

/// <summary>A bundle that cannot be taken in; the message says what is wrong with it.</summary>
public sealed class BundleException(string message, Exception? inner = null) : Exception(message, inner);
