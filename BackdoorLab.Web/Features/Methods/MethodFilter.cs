using BackdoorLab.Engine.Core;
using Microsoft.AspNetCore.WebUtilities;

namespace BackdoorLab.Web.Features.Methods;

/// <summary>
/// Which methods the page shows: those that stand, on every chosen axis of the taxonomy, where the address says.
/// </summary>
internal sealed class MethodFilter
{
    private readonly IReadOnlyDictionary<string, string> _chosen;

    private MethodFilter(IReadOnlyDictionary<string, string> chosen) => _chosen = chosen;

    /// <summary>Axes with the values that methods have on them; of a value of several parts, the parts.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyList<string>> Axes { get; } =
        MethodCatalog
            .Default.Listed.SelectMany(method => method.Traits)
            .GroupBy(trait => trait.Axis)
            .ToDictionary(
                axis => axis.Key,
                axis => (IReadOnlyList<string>)[.. axis.SelectMany(Parts).Distinct().Order(StringComparer.Ordinal)]
            );

    /// <summary>Whether it lets every method through.</summary>
    internal bool IsEmpty => _chosen.Count == 0;

    /// <summary>The filter as the query of an address; empty where nothing is chosen.</summary>
    internal string Query =>
        string.Concat(
            _chosen
                .OrderBy(choice => choice.Key, StringComparer.Ordinal)
                .Select((choice, i) => $"{(i == 0 ? '?' : '&')}{Name(choice.Key)}={Uri.EscapeDataString(choice.Value)}")
        );

    /// <summary>The filter that a query means; what it does not know is left out.</summary>
    internal static MethodFilter Of(string query)
    {
        var given = QueryHelpers.ParseQuery(query);
        return new(
            Axes.Where(axis =>
                    given.TryGetValue(Name(axis.Key), out var value) && axis.Value.Contains(value.ToString())
                )
                .ToDictionary(axis => axis.Key, axis => given[Name(axis.Key)].ToString())
        );
    }

    /// <summary>What is chosen on an axis; null where nothing is.</summary>
    internal string? Value(string axis) => _chosen.GetValueOrDefault(axis);

    /// <summary>The same with another choice on an axis; null takes it away.</summary>
    internal MethodFilter With(string axis, string? value)
    {
        var chosen = _chosen.Where(choice => choice.Key != axis).ToDictionary();
        if (value is not null)
        {
            chosen[axis] = value;
        }

        return new(chosen);
    }

    /// <summary>Whether a method passes.</summary>
    internal bool Takes(MethodDescriptor method) =>
        _chosen.All(choice =>
            method.Traits.Any(trait => trait.Axis == choice.Key && Parts(trait).Contains(choice.Value))
        );

    private static string[] Parts(MethodTrait trait) => trait.Value.Split(", ");

    private static string Name(string axis) => axis.ToLowerInvariant().Replace(' ', '-');
}
