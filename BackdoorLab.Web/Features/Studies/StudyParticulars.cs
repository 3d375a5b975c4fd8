using System.Globalization;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>A row of what must be read beside a defense's rates.</summary>
/// <param name="Defense">Label of the defense.</param>
/// <param name="Name">What the row tells.</param>
/// <param name="Definition">What that means.</param>
/// <param name="Cells">One text for each precision of the setting; empty where the cell has none.</param>
public sealed record ParticularRow(string Defense, string Name, string Definition, IReadOnlyList<string> Cells);

/// <summary>
/// How a method was run and what it could have found: the schedule of a search, ceilings, the part of a repair that
/// pruning alone did. Page, LaTeX and command line show these rows.
/// </summary>
public static class StudyParticulars
{
    private static readonly (string Name, string Definition, Func<StudyCell, string> Text)[] Facts =
    [
        ("schedule", $"Updates per class x images per update. {InversionNumbers.ScheduleShare.Definition}", Schedule),
        (
            "index ceiling, backdoored / twin",
            InversionNumbers.IndexCeiling.Definition,
            cell => Pair(cell, InversionNumbers.IndexCeiling)
        ),
        (
            "log-norm index, backdoored / twin",
            InversionNumbers.LogAnomalyIndex.Definition,
            cell => Pair(cell, InversionNumbers.LogAnomalyIndex)
        ),
        ("detection ceiling", Metric.DetectionCeiling.Definition, cell => Text(cell, Metric.DetectionCeiling)),
        (
            "pruned only, accuracy / attack success",
            Metric.AttackSuccessRatePruned.Definition,
            cell => Join(Text(cell, Metric.CleanAccuracyPruned), Text(cell, Metric.AttackSuccessRatePruned))
        ),
        ("stop rule", FinePruning.StopRuleMargin.Definition, StopRule),
    ];

    /// <summary>The rows of a setting that have anything to tell, in the order of its defenses.</summary>
    public static IReadOnlyList<ParticularRow> Rows(StudySetting setting, bool released) =>
        [.. Rows(StudyReading.Rows(setting, released))];

    /// <summary>Those of some rows of the study's table.</summary>
    public static IEnumerable<ParticularRow> Rows(IEnumerable<StudyRow> rows) =>
        rows.Where(row => row.Defense is not null)
            .SelectMany(row =>
                Facts.Select(fact => new ParticularRow(
                    row.Defense!,
                    fact.Name,
                    fact.Definition,
                    [.. row.Cells.Select(cell => cell is null ? "" : fact.Text(cell))]
                ))
            )
            .Where(row => row.Cells.Any(text => text.Length > 0));

    private static string Schedule(StudyCell cell) =>
        (
            Value(cell, InversionNumbers.UpdatesPerClass),
            Value(cell, InversionNumbers.ImagesPerUpdate),
            Value(cell, InversionNumbers.ScheduleShare)
        )
            is ({ } updates, { } batch, { } share)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{updates.Value:0.#} x {batch.Value:0.#} ({Numbers.Percent(share.Value)} of the reference)"
            )
            : "";

    private static string StopRule(StudyCell cell) =>
        (Value(cell, FinePruning.StopRuleImages), Value(cell, FinePruning.StopRuleMargin)) is ({ } images, { } margin)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{images.Value:0.#} images, ±{100 * margin.Value:0.0} points"
            )
            : "";

    private static string Pair(StudyCell cell, Metric metric) => Join(Text(cell, metric), Text(cell, metric.OfTwins()));

    private static string Join(string first, string second) =>
        first.Length + second.Length == 0 ? "" : $"{Known(first)} / {Known(second)}";

    private static string Known(string text) => text.Length > 0 ? text : "no value";

    private static string Text(StudyCell cell, Metric metric)
    {
        if (Value(cell, metric) is not { } value)
        {
            return "";
        }

        var interval = StudyWords.Interval(metric.Id, value);
        return StudyWords.Value(metric.Id, value.Value) + (interval.Length > 0 ? $" [{interval}]" : "");
    }

    private static StudyValue? Value(StudyCell cell, Metric metric) => cell.Values.GetValueOrDefault(metric.Id);
}
