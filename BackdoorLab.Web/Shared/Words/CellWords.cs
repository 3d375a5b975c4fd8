using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>One of the few numbers by which a cell is summed up.</summary>
/// <param name="Name">Short name.</param>
/// <param name="Text">Value.</param>
/// <param name="Title">Definition and interval.</param>
/// <param name="Alarm">Whether it is bad news for whoever defends.</param>
public sealed record CellNumber(string Name, string Text, string Title, bool Alarm = false);

/// <summary>What a run's cell says in one line.</summary>
public static class CellWords
{
    private static readonly Metric[] Summed =
    [
        Metric.SampleDetectionRate,
        Metric.SampleFalsePositiveRate,
        Metric.SampleAuroc,
        Metric.AttackSuccessRate,
        Metric.AttackSuccessGain,
        Metric.CleanAccuracy,
        Metric.FilteredAttackSuccessRate,
    ];

    /// <summary>
    /// At most three numbers; what the method says of the model as a word. Empty when the cell has no value.
    /// </summary>
    public static IReadOnlyList<CellNumber> Headline(CellResult cell)
    {
        if (cell.Outcome != Outcome.Value)
        {
            return [];
        }

        CellNumber[] said = cell.Verdict is { } verdict
            ?
            [
                new(
                    "",
                    VerdictWords.Of(verdict.Decision),
                    VerdictWords.Sentence(verdict),
                    IsAlarm(cell.Id.Victim, verdict.Decision)
                ),
            ]
            : [];
        if (cell.Value(Metric.DetectorScore.Id) is { } score)
        {
            var threshold = cell.Value(Metric.DetectorThreshold.Id);
            return
            [
                .. said,
                new(
                    "score",
                    Numbers.Plain(score) + (threshold is { } cut ? $" / {Numbers.Plain(cut)}" : ""),
                    "Score / threshold."
                ),
            ];
        }

        return
        [
            .. said,
            .. Summed
                .Select(metric =>
                    (Metric: metric, Row: cell.Measurements.FirstOrDefault(row => row.Metric == metric.Id))
                )
                .Where(pair => pair.Row is not null)
                .Take(3 - said.Length)
                .Select(pair => new CellNumber(
                    pair.Metric.ShortName,
                    Numbers.Format(pair.Metric, pair.Row!.Value),
                    Title(pair.Row)
                )),
        ];
    }

    /// <summary>Definition, count and interval of a number.</summary>
    public static string Title(Measurement row)
    {
        var metric = MetricCatalog.Find(row.Metric);
        var interval = Numbers.Interval(row.Metric, row.Low, row.High);
        string[] lines =
        [
            $"{metric.Name}: {metric.Definition}",
            row.Count is { } count ? $"{Numbers.Count(count, "item")} behind this share" : "",
            interval.Length > 0 ? $"95 % interval {interval}" : "",
        ];
        return string.Join("\n", lines.Where(line => line.Length > 0));
    }

    /// <summary>The model in words.</summary>
    public static string Model(Victim victim) =>
        victim switch
        {
            Victim.Benign => "Benign twin",
            Victim.Suspect => "Model from a file",
            _ => "Backdoored",
        };

    // On a model of which nothing is known, being flagged is the bad news.
    private static bool IsAlarm(Victim victim, Decision decision) =>
        decision == (victim == Victim.Backdoored ? Decision.NotFlagged : Decision.Flagged);
}
