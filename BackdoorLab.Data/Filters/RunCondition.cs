namespace BackdoorLab.Data.Filters;

/// <summary>A field of a run that a condition can ask for.</summary>
public enum RunField
{
    /// <summary>Id or its beginning.</summary>
    Id,

    /// <summary>Name.</summary>
    Name,

    /// <summary>State.</summary>
    State,

    /// <summary>Data set.</summary>
    Dataset,

    /// <summary>Network.</summary>
    Model,

    /// <summary>Attack.</summary>
    Attack,

    /// <summary>A tag.</summary>
    Tag,

    /// <summary>Who submitted it.</summary>
    Owner,

    /// <summary>Id of its study.</summary>
    Study,

    /// <summary>Hash shared by runs that differ in name and seed alone.</summary>
    Config,

    /// <summary>Hash of what decides a run's numbers besides its seed.</summary>
    Condition,

    /// <summary>Seed.</summary>
    Seed,

    /// <summary>Poison rate, 0..1.</summary>
    PoisonRate,

    /// <summary>Clean accuracy of the undefended backdoored model, 0..1.</summary>
    CleanAccuracy,

    /// <summary>Attack success rate of the undefended backdoored model, 0..1.</summary>
    AttackSuccessRate,

    /// <summary>Wall time in seconds.</summary>
    Seconds,

    /// <summary>When it was written, UTC.</summary>
    Created,
}

/// <summary>How a condition compares.</summary>
public enum RunComparison
{
    /// <summary>Contains, for text; equals, for numbers; on that day, for times.</summary>
    Has,

    /// <summary>Equals.</summary>
    Equal,

    /// <summary>Less.</summary>
    Less,

    /// <summary>Less or equal.</summary>
    AtMost,

    /// <summary>Greater.</summary>
    Greater,

    /// <summary>Greater or equal.</summary>
    AtLeast,
}

/// <summary>One condition on a run. Texts are alternatives: one of them suffices.</summary>
/// <param name="Field">Field.</param>
/// <param name="Comparison">Comparison.</param>
/// <param name="Texts">At least one, for fields of text and state.</param>
/// <param name="Number">For fields of numbers.</param>
/// <param name="Time">For times; the beginning of the day that was named.</param>
/// <param name="Negated">True asks for runs that do not meet it.</param>
/// <param name="DaysAgo">
/// For times, instead of <paramref name="Time"/>: the day so many days before the one on which it is asked.
/// </param>
public sealed record RunCondition(
    RunField Field,
    RunComparison Comparison,
    IReadOnlyList<string> Texts,
    double Number = 0,
    DateTime Time = default,
    bool Negated = false,
    int? DaysAgo = null
);
