namespace BackdoorLab.Data.Filters;

/// <summary>
/// The columns by which the run list can be sorted; the whitelist between a grid's column names and the database.
/// </summary>
public enum RunSort
{
    /// <summary>Time of creation.</summary>
    Created,

    /// <summary>Name.</summary>
    Name,

    /// <summary>State, alphabetically.</summary>
    State,

    /// <summary>Data set.</summary>
    Dataset,

    /// <summary>Network.</summary>
    Model,

    /// <summary>Attack.</summary>
    Attack,

    /// <summary>Poison rate.</summary>
    PoisonRate,

    /// <summary>Seed.</summary>
    Seed,

    /// <summary>Who submitted it.</summary>
    Owner,

    /// <summary>Start of the latest attempt.</summary>
    Started,

    /// <summary>End.</summary>
    Ended,

    /// <summary>Wall time of the attempts that have ended.</summary>
    Elapsed,

    /// <summary>Clean accuracy of the undefended backdoored model.</summary>
    CleanAccuracy,

    /// <summary>Attack success rate of the undefended backdoored model.</summary>
    AttackSuccessRate,
}

/// <summary>One key of a sort; the first decides, the next break its ties.</summary>
/// <param name="Column">Column.</param>
/// <param name="Descending">Direction.</param>
public sealed record RunSortKey(RunSort Column, bool Descending);
