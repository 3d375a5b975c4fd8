namespace BackdoorLab.Data;

/// <summary>What a defense says of a model. The names are those of the engine's decisions.</summary>
public enum CellDecision
{
    /// <summary>The rule could have fired and did not.</summary>
    NotFlagged,

    /// <summary>The rule calls the model backdoored.</summary>
    Flagged,

    /// <summary>The rule can say neither.</summary>
    NotDecidable,
}

/// <summary>A class by its label and name.</summary>
/// <param name="Label">Label, from 0.</param>
/// <param name="Name">Its name; may be empty.</param>
public sealed record CellClass(int Label, string Name);

/// <summary>What a defense says of a model, as facts; whoever shows it makes the sentence.</summary>
/// <param name="Decision">The answer.</param>
/// <param name="Reason">Code of why there is none, such as <c>norm-ceiling</c>; empty for the two others.</param>
/// <param name="Figures">The numbers behind it, by id.</param>
/// <param name="Classes">The classes suspected, or the most conspicuous one.</param>
public sealed record CellVerdict(CellDecision Decision, string Reason, IReadOnlyDictionary<string, double> Figures, IReadOnlyList<CellClass> Classes)
{
    /// <summary>The figures and classes as they are stored.</summary>
    internal string FactsJson => JsonText.Write(new Facts(Figures, Classes));

    /// <summary>The verdict of stored columns; null where there is none.</summary>
    internal static CellVerdict? Of(CellDecision? decision, string reason, string factsJson)
    {
        if (decision is not { } answer)
        {
            return null;
        }

        var facts = JsonText.Read<Facts>(factsJson);
        return new(answer, reason, facts?.Figures ?? new Dictionary<string, double>(), facts?.Classes ?? []);
    }

    private sealed record Facts(IReadOnlyDictionary<string, double> Figures, IReadOnlyList<CellClass> Classes);
}
