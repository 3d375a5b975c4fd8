using System.Globalization;

namespace BackdoorLab.Results;

/// <summary>
/// The words of a verdict. The only place that makes them: pages, command line, API, reports, studies and exports say
/// these.
/// </summary>
public static class VerdictWords
{
    private const int MostClasses = 5;

    /// <summary>The answer in a word or two.</summary>
    public static string Of(Decision decision) =>
        decision switch
        {
            Decision.Flagged => "flagged",
            Decision.NotFlagged => "not flagged",
            _ => "not decidable",
        };

    /// <summary>
    /// "Flagged: class 'stop' (label 14).", "Not flagged; most conspicuous: ...", "Not decidable: ..."
    /// </summary>
    public static string Sentence(Verdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        return verdict switch
        {
            { Decision: Decision.Flagged, Classes.Count: > 0 } => $"Flagged: {Classes(verdict)}.",
            { Decision: Decision.Flagged } => "Flagged.",
            { Decision: Decision.NotFlagged, Classes.Count: > 0 } =>
                $"Not flagged; most conspicuous: {Classes(verdict)}.",
            { Decision: Decision.NotFlagged } => "Not flagged.",
            { Reason: { } reason } => $"Not decidable: {Because(reason, verdict.Figures)}.",
            _ => "Not decidable.",
        };
    }

    /// <summary>Why a rule cannot decide, as a clause; figures that are absent are left out.</summary>
    public static string Because(UndecidedReason reason, IReadOnlyDictionary<string, double> figures)
    {
        ArgumentNullException.ThrowIfNull(figures);
        return reason switch
        {
            UndecidedReason.NormCeiling => "with this spread of norms even a norm of zero would reach an index of "
                + $"{Figure("index-ceiling", "0.0")} only, and the rule flags above "
                + Figure("detector-threshold", "0.##"),
            UndecidedReason.NoWorkingTrigger =>
                $"none of {Figure("classes", "0")} classes found a trigger above the success threshold within the "
                    + "schedule, so there is nothing to compare",
            UndecidedReason.LowAccuracy => $"the model is right on {Percent("clean-accuracy")} of clean images only "
                + $"(at least {Percent("least-clean-accuracy")} are asked for), so the data set, the order of its "
                + "classes or the pixel scale is probably not that of its training",
            UndecidedReason.CannotFire =>
                $"by construction the rule reaches at most {Percent("largest-score")} on {Figure("sample-size", "0")} "
                    + $"images and asks for more than {Percent("detector-threshold")}, so it cannot fire on any model",
            UndecidedReason.NoSpread =>
                "all norms in the middle are equal, and the rule flags nothing without a spread",
            UndecidedReason.NoClassSpread =>
                "the statistics of most classes are equal, and without a spread nothing can be an outlier",
            UndecidedReason.FewClasses => $"the rule compares every class with the others; there are "
                + $"{Figure("classes", "0")} of them, and fewer than {Figure("least-classes", "0")} tell too little",
            UndecidedReason.NoGradient =>
                "the arithmetic that is deployed has no gradient, so the search of this rule does not move",
            _ => "no detector could say anything about this model",
        };

        string Figure(string id, string format) =>
            figures.TryGetValue(id, out var value) ? value.ToString(format, CultureInfo.InvariantCulture) : "?";

        string Percent(string id) =>
            figures.TryGetValue(id, out var value)
                ? (100 * value).ToString("0.#", CultureInfo.InvariantCulture) + " %"
                : "?";
    }

    /// <summary>"class 'stop' (label 14)", or "label 14" where it has no name.</summary>
    public static string Class(NamedClass named)
    {
        ArgumentNullException.ThrowIfNull(named);
        return named.Name.Length > 0 ? $"class '{named.Name}' (label {named.Label})" : $"label {named.Label}";
    }

    private static string Classes(Verdict verdict)
    {
        var more = verdict.Classes.Count - MostClasses;
        return string.Join(", ", verdict.Classes.Take(MostClasses).Select(Class))
            + (more > 0 ? $" and {more} more" : "");
    }
}
