namespace BackdoorLab.Engine.Core;

/// <summary>
/// Names a sealed <see cref="Method"/> record so that <see cref="MethodCatalog"/> finds it by scan. This attribute is
/// the only registration: one new file adds a method to the JSON, the forms, the command line, the docs and the
/// contract tests.
/// </summary>
/// <param name="id">Stable kebab-case identifier used in specs, results and addresses.</param>
/// <param name="name">Name on screen, spelt as its paper spells it.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class MethodAttribute(string id, string name) : Attribute
{
    /// <summary>Stable kebab-case identifier.</summary>
    public string Id { get; } = id;

    /// <summary>Name on screen.</summary>
    public string Name { get; } = name;

    /// <summary>The idea in one or two sentences, for a researcher who does not know the method.</summary>
    public string Summary { get; init; } = "";

    /// <summary>Citation: authors, title, venue, year. Empty where there is no paper.</summary>
    public string Paper { get; init; } = "";

    /// <summary>
    /// Where this implementation departs from the paper; empty when it does not. Shown beside results.
    /// </summary>
    public string Deviations { get; init; } = "";

    /// <summary>
    /// Raised when a change of the method alters its numbers: a part of the keys of its results, so that older ones are
    /// not taken for new ones. Counts from 1.
    /// </summary>
    public int Revision { get; init; } = 1;

    /// <summary>Position in lists; smaller first, ties by name.</summary>
    public int Order { get; init; } = 100;

    /// <summary>
    /// Short names that published tables use for it and no spelling of id or name leads to: "nc", "ss".
    /// </summary>
    public string[] Aliases { get; init; } = [];

    /// <summary>
    /// Whether forms, pages and lists offer it. False for what only stands in for something (an attack of which nothing
    /// is known).
    /// </summary>
    public bool Listed { get; init; } = true;
}
