using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>Names a cell of the result matrix.</summary>
/// <param name="Victim">Model.</param>
/// <param name="Precision">Label of the precision with the parameters that differ from their defaults.</param>
/// <param name="Defense">Label of the defense, or null for the undefended model.</param>
public sealed record CellId(Victim Victim, string Precision, string? Defense)
{
    /// <summary>Label of the defense where a text is wanted: empty for the undefended model.</summary>
    [JsonIgnore]
    public string DefenseLabel => Defense ?? "";
}
