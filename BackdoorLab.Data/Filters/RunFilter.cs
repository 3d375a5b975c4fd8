using System.Text.Json.Serialization;
using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Filters;

/// <summary>Which runs to list. What is null or empty does not restrict.</summary>
public sealed record RunFilter
{
    /// <summary>Words; each must occur in the name, id, data set, model or attack. Case does not matter.</summary>
    public string? Text { get; init; }

    /// <summary>States.</summary>
    public IReadOnlyCollection<RunState> States { get; init; } = [];

    /// <summary>Data set.</summary>
    public string? Dataset { get; init; }

    /// <summary>Network.</summary>
    public string? Model { get; init; }

    /// <summary>Attack.</summary>
    public string? Attack { get; init; }

    /// <summary>Poison rate, 0..1.</summary>
    public double? PoisonRate { get; init; }

    /// <summary>Each must be met.</summary>
    public IReadOnlyList<RunCondition> Conditions { get; init; } = [];

    /// <summary>False leaves archived runs out, true lists only them.</summary>
    public bool? Archived { get; init; }

    /// <summary>True lists the trash instead.</summary>
    public bool Deleted { get; init; }

    /// <summary>Whether it leaves anything out besides the trash and what is archived or is not.</summary>
    [JsonIgnore]
    public bool Narrows =>
        States.Count > 0
        || Conditions.Count > 0
        || PoisonRate is not null
        || new[] { Text, Dataset, Model, Attack }.Any(value => !string.IsNullOrWhiteSpace(value));
}
