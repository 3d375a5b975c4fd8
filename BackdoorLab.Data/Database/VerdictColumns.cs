namespace BackdoorLab.Data.Database;

/// <summary>
/// A verdict as a cell's columns hold it: the decision and the reason's code to search by, the rest as JSON.
/// </summary>
internal static class VerdictColumns
{
    /// <summary>The figures and classes.</summary>
    public static string FactsJson(Verdict? verdict) =>
        verdict is null ? "{}" : JsonText.Write(new Facts(verdict.Figures, verdict.Classes));

    /// <summary>The verdict of columns; null where there is none.</summary>
    public static Verdict? Read(Decision? decision, string reason, string factsJson)
    {
        if (decision is not { } answer)
        {
            return null;
        }

        var facts = JsonText.Read<Facts>(factsJson);
        return new()
        {
            Decision = answer,
            Reason = ReasonCode.Read(reason),
            Figures = facts?.Figures ?? new Dictionary<string, double>(),
            Classes = facts?.Classes ?? [],
        };
    }

    private sealed record Facts(IReadOnlyDictionary<string, double> Figures, IReadOnlyList<NamedClass> Classes);
}
