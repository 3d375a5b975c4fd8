using System.ComponentModel.DataAnnotations.Schema;

namespace BackdoorLab.Data.Entities;

/// <summary>
/// A file in the artifact store that belongs to a run or to one of its cells. The file itself is not in the database.
/// </summary>
internal sealed class Artifact
{
    public long Id { get; init; }

    public required string RunId { get; init; }

    /// <summary>Null, as precision and defense, when the file belongs to the run as a whole.</summary>
    public Victim? Victim { get; init; }

    public string? Precision { get; init; }

    public string? Defense { get; init; }

    public required string Stage { get; init; }

    public required string File { get; init; }

    public required string Role { get; set; }

    public required string Title { get; set; }

    /// <summary>What a figure is for; empty where nothing asks for it.</summary>
    public string Kind { get; set; } = "";

    /// <summary>The model whose training a file of the run shows; empty for other files.</summary>
    public string Trained { get; set; } = "";

    /// <summary>As everybody else names it.</summary>
    [NotMapped]
    public ArtifactReference Reference =>
        new(Stage, File, Role, Title, FigureCode.Read(Kind), VictimName.Read(Trained));
}
