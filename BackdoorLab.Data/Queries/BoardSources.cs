using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Queries;

/// <summary>A run's part in a cell of a leaderboard.</summary>
public sealed record BoardCellRun
{
    /// <summary>Run.</summary>
    public required string RunId { get; init; }

    /// <summary>Its name; may be empty.</summary>
    public required string Name { get; init; }

    /// <summary>Seed.</summary>
    public long Seed { get; init; }

    /// <summary>When it was written.</summary>
    public DateTime Created { get; init; }

    /// <summary>State of the run.</summary>
    public RunState State { get; init; }

    /// <summary>Why its model is no victim; empty when it is one.</summary>
    public string Damage { get; init; } = "";

    /// <summary>What became of the cell.</summary>
    public Outcome Outcome { get; init; }

    /// <summary>Why there is no value; empty when there is.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What must be read beside the number.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The metric, or null.</summary>
    public double? Value { get; init; }

    /// <summary>The twin's metric, or null.</summary>
    public double? Twin { get; init; }
}

/// <summary>A run from which the missing cells of its row can be planned.</summary>
/// <param name="RunId">Run.</param>
/// <param name="Attack">Attack.</param>
/// <param name="ConfigHash">Shared by runs that differ in name and seed alone.</param>
/// <param name="Seed">Seed.</param>
public sealed record BoardBase(string RunId, string Attack, string ConfigHash, long Seed);

/// <summary>Where the specs for missing cells can be taken from.</summary>
/// <param name="Bases">All runs of the board, newest first.</param>
/// <param name="Defenses">A run that has a defense, by label.</param>
/// <param name="Precisions">A run that has a precision, by label.</param>
public sealed record BoardSources(
    IReadOnlyList<BoardBase> Bases,
    IReadOnlyDictionary<string, string> Defenses,
    IReadOnlyDictionary<string, string> Precisions
);
