using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Runs;

/// <summary>Verdicts between the two vocabularies: the engine's and that of the rows.</summary>
public static class VerdictRows
{
    /// <summary>The verdict as it is stored; null stays null.</summary>
    public static CellVerdict? Row(Verdict? verdict) => verdict is null ? null : new(
        Enum.Parse<CellDecision>(verdict.Decision.ToString()),
        verdict.Reason is { } reason ? Code(reason) : "",
        verdict.Figures,
        [.. verdict.Classes.Select(named => new CellClass(named.Label, named.Name))]);

    /// <summary>The verdict of a row. A reason that this version does not know is left out: the answer stands all the same.</summary>
    public static Verdict? Read(CellVerdict? row) => row is null ? null : new()
    {
        Decision = Enum.Parse<Decision>(row.Decision.ToString()),
        Reason = Enum.GetValues<UndecidedReason>().Cast<UndecidedReason?>().FirstOrDefault(reason => Code(reason!.Value) == row.Reason),
        Figures = row.Figures,

        // A bundle from elsewhere may leave out what this program always writes.
        Classes = [.. row.Classes.Where(named => named is not null).Select(named => new NamedClass(named.Label, named.Name ?? ""))],
    };

    /// <summary>The sentence of a row's verdict; empty where there is none.</summary>
    public static string Sentence(CellVerdict? row) => Read(row) is { } verdict ? VerdictWords.Sentence(verdict) : "";

    /// <summary>The code of a reason: <c>norm-ceiling</c>.</summary>
    public static string Code(UndecidedReason reason) => JsonNamingPolicy.KebabCaseLower.ConvertName(reason.ToString());

    /// <summary>The code of what a figure is for; empty where nothing asks for it.</summary>
    public static string Code(FigureKind kind) => kind == FigureKind.Other ? "" : JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}
