using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Shared.Export;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>
/// A comparison as a document. CSV and JSON have every digit; the tables for papers are what the screen shows.
/// </summary>
public static class CompareExport
{
    /// <summary>Version of the JSON form; raised when an old reader would misunderstand it.</summary>
    public const int Schema = 1;

    private static readonly string[] Columns =
    [
        "run",
        "name",
        "seed",
        "dataset",
        "model",
        "attack",
        "poison_rate",
        "victim",
        "precision",
        "defense",
        "metric",
        "value",
        "low",
        "high",
        "count",
        "delta",
        "outcome",
        "reason",
    ];

    /// <summary>The numbers as tidy rows.</summary>
    public static string WriteCsv(CompareView view) =>
        Csv.Document(
            Columns,
            from row in view.Rows
            from place in row.Values.Zip(view.Runs)
            select Line(view, row, place.First, place.Second.Run)
        );

    /// <summary>Settings and numbers with where and when.</summary>
    public static string WriteJson(CompareView view, string link, DateTime at) =>
        JsonSerializer.Serialize(
            new
            {
                Schema,
                Kind = "comparison",
                Link = link,
                Exported = at,
                Baseline = view.Runs[view.Baseline].Run.Id,
                Victim = VictimName.Of(view.Victim),
                view.Precision,
                Runs = view.Runs.Select(run => new
                {
                    run.Run.Id,
                    run.Run.Name,
                    run.Run.Seed,
                    run.Run.Dataset,
                    run.Run.Model,
                    run.Run.Attack,
                    run.Run.PoisonRate,
                    run.Run.PoisonedImages,
                    run.Run.PoisonedShare,
                    State = run.Run.State.ToString(),
                }),
                view.Missing,
                Settings = view.Settings,
                Numbers = view.Rows.Select(row => new
                {
                    row.Defense,
                    Metric = row.Metric.Id,
                    Values = row.Values.Select(value => new
                    {
                        value.Number?.Value,
                        value.Number?.Low,
                        value.Number?.High,
                        value.Number?.Count,
                        value.Delta,
                        Outcome = value.Cell?.Outcome.ToString(),
                        Reason = value.Cell?.Reason ?? "",
                    }),
                }),
            },
            SpecJson.Indented
        );

    /// <summary>The numbers as on the screen.</summary>
    public static ExportTable Table(CompareView view, string link, DateTime at) =>
        new(
            new(
                $"{view.Runs.Count} runs compared, {CellWords.Model(view.Victim).ToLowerInvariant()} at {KindWords.Label(view.Precision)}; in brackets the difference from {CompareView.Place(view.Baseline)}, shares in percentage points; each run is a single seed (n = 1).",
                link,
                at,
                [
                    "Number",
                    .. view.Runs.Select(
                        (run, i) => $"{CompareView.Place(i)} {RunWords.Name(run.Run)}, seed {run.Run.Seed}"
                    ),
                ]
            ),
            [
                .. view.Rows.Select(row =>
                    (IReadOnlyList<ExportCell>)
                        [
                            new($"{row.Metric.Name}, {KindWords.Defense(row.Defense)}"),
                            .. row.Values.Select(value => new ExportCell(
                                CompareView.Text(row.Metric, value)
                                    + (
                                        CompareView.Delta(row.Metric, value.Delta) is { Length: > 0 } delta
                                            ? $" ({delta.TrimStart('▲', '▼', ' ')})"
                                            : ""
                                    )
                            )),
                        ]
                ),
            ]
        );

    private static IEnumerable<object?> Line(CompareView view, CompareRow row, CompareValue value, RunItem run) =>
        [
            run.Id,
            run.Name,
            run.Seed,
            run.Dataset,
            run.Model,
            run.Attack,
            run.PoisonRate,
            VictimName.Of(view.Victim),
            view.Precision,
            row.Defense,
            row.Metric.Id,
            value.Number?.Value,
            value.Number?.Low,
            value.Number?.High,
            value.Number?.Count,
            value.Delta,
            value.Cell?.Outcome.ToString(),
            value.Cell?.Reason,
        ];
}
