namespace BackdoorLab.Data.Filters;

/// <summary>
/// The runs a bulk action is for: some that were picked, or all that match a filter, however many pages they fill.
/// </summary>
public sealed record RunSelection
{
    private RunSelection(IReadOnlyCollection<string>? ids, RunFilter? filter) => (Ids, Filter) = (ids, filter);

    /// <summary>The picked runs, or null.</summary>
    public IReadOnlyCollection<string>? Ids { get; }

    /// <summary>The filter, or null.</summary>
    public RunFilter? Filter { get; }

    /// <summary>Picked runs.</summary>
    public static RunSelection Of(IEnumerable<string> ids) => new([.. ids], null);

    /// <summary>All runs that match.</summary>
    public static RunSelection All(RunFilter filter) => new(null, filter);
}
