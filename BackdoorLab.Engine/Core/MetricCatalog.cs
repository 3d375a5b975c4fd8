using System.Collections.Frozen;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// All metrics: those that results share, and those that methods declare (<see cref="Method.Numbers"/>).
/// </summary>
public static class MetricCatalog
{
    // What a precision does and what things cost stand last.
    private static readonly int Shared = Metric.Shared.TakeWhile(metric => metric != Metric.LogitDivergence).Count();

    /// <summary>In the order of tables: methods' own numbers before what precisions do and what things cost.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [.. Metric.Shared.Take(Shared), .. MethodCatalog.Default.Numbers, .. Metric.Shared.Skip(Shared)];

    private static readonly FrozenDictionary<string, Metric> ById = All.ToFrozenDictionary(metric => metric.Id);

    /// <summary>
    /// The metric with this id, also of benign twins; one that nobody declares gets its name and unit from the id.
    /// </summary>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    public static Metric Find(string id)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        return ById.GetValueOrDefault(id) ?? OfTwins(id) ?? Undeclared(id);
    }

    private static Metric? OfTwins(string id) =>
        id.StartsWith(Metric.Twins, StringComparison.Ordinal)
            ? ById.GetValueOrDefault(id[Metric.Twins.Length..])?.OfTwins()
            : null;

    // Results of a program with other methods may be read here.
    private static Metric Undeclared(string id)
    {
        var words = id.Replace('-', ' ');
        var name = char.ToUpperInvariant(words[0]) + words[1..];
        var share = id.EndsWith("-share", StringComparison.Ordinal) || id.EndsWith("-rate", StringComparison.Ordinal);
        return new(
            id,
            name,
            name,
            share ? MetricUnit.Share : MetricUnit.Number,
            null,
            "A number of a method that this lab does not have."
        );
    }
}
