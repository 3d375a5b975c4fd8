using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>A file in the artifact store.</summary>
/// <param name="Stage">Key of the stage that wrote it (its folder).</param>
/// <param name="File">File name in that folder: <c>figure-1.json</c>, <c>trigger.png</c>.</param>
/// <param name="Role">What it is: <c>figure</c>, <c>image</c>, <c>weights</c>, <c>scores</c>.</param>
/// <param name="Title">Words for a caption.</param>
/// <param name="Kind">What a figure is for; null where nothing asks for it.</param>
/// <param name="Trained">The model whose training it shows; null for files of a cell and of the run as a whole.</param>
public sealed record ArtifactReference(
    string Stage,
    string File,
    string Role,
    string Title,
    [property: JsonConverter(typeof(FigureCode))] FigureKind? Kind = null,
    [property: JsonConverter(typeof(VictimName))] Victim? Trained = null
);
