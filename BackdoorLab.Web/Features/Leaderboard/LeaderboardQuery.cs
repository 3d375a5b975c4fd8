using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>The leaderboard's state as its address has it: whatever is on screen is a link.</summary>
public static class LeaderboardQuery
{
    public const string Dataset = "dataset";
    public const string Model = "model";
    public const string Rate = "rate";
    public const string Rows = "rows";
    public const string Precisions = "precisions";
    public const string Precision = "precision";
    public const string Attack = "attack";
    public const string Metric = "metric";
    public const string Without = "without";
    public const string Twins = "twins";
    public const string Published = "published";
    public const string Taxonomy = "taxonomy";

    /// <summary>Members of the condition over which rows are pooled, separated by commas.</summary>
    public const string Pool = "pool";

    /// <summary>Value of a switch that differs from its default.</summary>
    public const string Off = "off";

    /// <summary>Value of a switch that differs from its default.</summary>
    public const string On = "on";

    /// <summary>The board that is asked for, completed by what the lab has.</summary>
    public static BoardFilter Filter(
        BoardChoices choices,
        BoardMetric metric,
        string? rows,
        string? precision,
        string? attack,
        string? pool = null,
        string? damaged = null
    ) =>
        new()
        {
            Dataset = choices.Dataset!,
            Model = choices.Model!,
            PoisonRate = choices.Rate,
            Rows = rows == Precisions ? BoardRows.Precisions : BoardRows.Attacks,
            Precision =
                precision is not null && choices.Precisions.Contains(precision) ? precision
                : choices.Precisions.Count > 0 ? choices.Precisions[0]
                : KnownLabels.ReferencePrecision,
            Attack =
                attack is not null && choices.Attacks.Contains(attack)
                    ? attack
                    : choices.Attacks.OrderBy(KindWords.Rank).FirstOrDefault() ?? "",
            Metric = metric.Metric.Id,
            Victim = metric.Victim,
            TwinMetric = metric.Twin?.Id,
            Repeatable = metric.IsRepeatable,
            Pool =
                pool?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Distinct()
                    .ToList()
                ?? [],
            Damaged = damaged == DamagedModels.Counted,
        };

    /// <summary>A rate of the address, or null.</summary>
    public static double? ParseRate(string? text) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var rate) ? rate : null;

    /// <summary>Labels in one value of the address; they contain commas themselves.</summary>
    public static IReadOnlyList<string> Labels(string? text) => text is null ? [] : text.Split('~');

    /// <summary>The reverse of <see cref="Labels"/>; null for none.</summary>
    public static string? Labels(IReadOnlyCollection<string> labels) =>
        labels.Count == 0 ? null : string.Join('~', labels);
}
