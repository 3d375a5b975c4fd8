using System.Reflection;

namespace BackdoorLab.Engine.Core;

/// <summary>The kinds of value a hyper-parameter can have.</summary>
public enum ParameterKind
{
    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A real number.</summary>
    Number,

    /// <summary>True or false.</summary>
    Flag,

    /// <summary>One of <see cref="ParameterDescriptor.Choices"/>.</summary>
    Choice,

    /// <summary>Free text (a path, a name).</summary>
    Text,
}

/// <summary>
/// One hyper-parameter of a method or settings record: all that a form, a validator or a docs page needs.
/// </summary>
public sealed record ParameterDescriptor
{
    /// <summary>camelCase member name in JSON.</summary>
    public required string Name { get; init; }

    /// <summary>Words for a form label, e.g. "Patch size".</summary>
    public required string Label { get; init; }

    /// <summary>Kind of value.</summary>
    public required ParameterKind Kind { get; init; }

    /// <summary>
    /// Default value: <c>int</c>, <c>double</c>, <c>bool</c>, <c>string</c>, or the kebab-case choice.
    /// </summary>
    public required object Default { get; init; }

    /// <summary>Smallest legal value, inclusive; null where unbounded or not a number.</summary>
    public double? Minimum { get; init; }

    /// <summary>Largest legal value, inclusive; null where unbounded or not a number.</summary>
    public double? Maximum { get; init; }

    /// <summary>Legal kebab-case values of a <see cref="ParameterKind.Choice"/>; empty otherwise.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>One-line description with unit.</summary>
    public string Description { get; init; } = "";

    /// <summary>The declaring property.</summary>
    public required PropertyInfo Property { get; init; }
}
