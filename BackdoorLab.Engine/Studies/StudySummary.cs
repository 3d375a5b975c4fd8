using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Studies;

/// <summary>Makes the report of a study from its runs, finished or not.</summary>
public static class StudySummary
{
    private static readonly string Reference = MethodCatalog.Default.Label(new Float32());

    /// <summary>Summarises runs; those of one setting differ in the seed alone.</summary>
    public static StudyReport Of(StudySpec study, IReadOnlyList<StudyRun> runs)
    {
        var left = new List<VictimOutcome>();
        if (!study.CountDamaged)
        {
            runs = [.. runs.Select(run => WithoutDamaged(run, left))];
        }

        var groups = runs.GroupBy(run =>
                JsonSerializer.Serialize(run.Spec with { Name = "", Seed = 0 }, SpecJson.Options)
            )
            .Select(group => group.OrderBy(run => run.Spec.Seed).ToList())
            .ToList();
        (string Title, ExperimentSpec Spec)[] titled =
        [
            .. SettingTitles
                .Of(groups.ConvertAll(group => group[0].Spec))
                .Zip(groups, (title, group) => (title, group[0].Spec)),
        ];
        var settings = groups
            .Zip(titled, (group, setting) => Setting(group, setting.Title, study.LargestAccuracyLoss))
            .ToList();
        return new(
            StudyReport.CurrentSchema,
            study.Name,
            study.Question,
            study.Seeds,
            settings,
            Seconds(runs),
            PublishedClaims.Compare(study.Paper, settings),
            [.. Remarks(study, runs, settings, titled), .. LeftOut(left)]
        );
    }

    // Its cells are no values, with the reason. The released rules count whatever they get; they are what they are.
    private static StudyRun WithoutDamaged(StudyRun run, List<VictimOutcome> left)
    {
        var damaged = VictimOutcome
            .Of(run.Cells, run.Spec.Origin.KeepsBackdoorsOut)
            .Where(victim => victim.IsDamaged)
            .ToDictionary(victim => victim.Victim);
        left.AddRange(damaged.Values);
        var released = run
            .Spec.Defenses.Where(defense => defense.ReleasedVariantOf is not null)
            .Select(MethodCatalog.Default.Label)
            .ToHashSet();
        return damaged.Count == 0
            ? run
            : run with
            {
                Cells =
                [
                    .. run.Cells.Select(cell =>
                        cell.Outcome == Outcome.Value
                        && damaged.TryGetValue(cell.Id.Victim, out var victim)
                        && !released.Contains(cell.Id.Defense ?? "")
                            ? new CellResult
                            {
                                Id = cell.Id,
                                Outcome = Outcome.NotApplicable,
                                Reason = $"Left out: {victim.Remark}.",
                                Seconds = cell.Seconds,
                            }
                            : cell
                    ),
                ],
            };
    }

    private static IEnumerable<string> LeftOut(IReadOnlyList<VictimOutcome> left)
    {
        foreach (
            var (outcome, words) in new[]
            {
                (TrainingOutcome.NotLearned, "learnt nothing"),
                (TrainingOutcome.BackdoorNotTaken, "took no backdoor"),
            }
        )
        {
            if (left.Count(victim => victim.Outcome == outcome) is > 0 and var count)
            {
                yield return $"{count} {(count == 1 ? "model" : "models")} {words} and {(count == 1 ? "is" : "are")} in no number, by the intervals of accuracy and attack success; 'countDamaged' counts them.";
            }
        }
    }

    private static StudySetting Setting(IReadOnlyList<StudyRun> runs, string title, double largestLoss)
    {
        var catalog = MethodCatalog.Default;
        var spec = runs[0].Spec;
        string[] precisions = [.. spec.Precisions.Select(catalog.Label)];
        var cells = new List<StudyCell>();
        foreach (var defense in spec.Defenses.Prepend(null))
        {
            var samples = precisions.ToDictionary(
                precision => precision,
                precision => new CellSample(runs, precision, defense)
            );
            var reference = samples.GetValueOrDefault(Reference);
            cells.AddRange(
                precisions.Select(precision => samples[precision].Summarize(precision == Reference ? null : reference))
            );
        }

        cells = [.. cells.Select(cell => cell with { AccuracyLost = Lost(cell.Precision) })];
        return new(
            title,
            catalog.Label(spec.Dataset),
            catalog.Label(spec.Model),
            catalog.Label(spec.Attack),
            spec.Attack.PoisonRate,
            precisions,
            [.. spec.Defenses.Select(catalog.Label)],
            cells,
            JsonSerializer.SerializeToNode(spec.Federation, SpecJson.Options)?.AsObject()
        );

        double? Lost(string precision)
        {
            var undefended = cells.First(cell => cell.Defense is null && cell.Precision == precision);
            return
                undefended.Changes.GetValueOrDefault(Metric.CleanAccuracy.Id) is { } change
                && -change.Difference.Value > largestLoss
                ? -change.Difference.Value
                : null;
        }
    }

    private static Dictionary<string, double> Seconds(IReadOnlyList<StudyRun> runs) =>
        runs.SelectMany(run => run.Stages)
            .DistinctBy(stage => stage.Key)
            .GroupBy(stage =>
                stage.Kind switch
                {
                    "defend" => stage.Method,
                    "convert" => "measure",
                    var kind => kind,
                }
            )
            .ToDictionary(group => group.Key, group => group.Sum(stage => stage.Seconds));

    private static List<string> Remarks(
        StudySpec study,
        IReadOnlyList<StudyRun> runs,
        List<StudySetting> settings,
        (string Title, ExperimentSpec Spec)[] titled
    )
    {
        var remarks = new List<string>();
        var waiting = runs.Count(run => run.Cells.Count == 0);
        if (waiting > 0)
        {
            remarks.Add($"{waiting} of {runs.Count} runs have no result yet; their models count as not run.");
        }

        if (settings.Any(setting => setting.Cells.Any(cell => cell.AccuracyLost is not null)))
        {
            remarks.Add(
                FormattableString.Invariant(
                    $"Cells marked as damaged belong to models that lost more than {100 * study.LargestAccuracyLoss:0.#} points of clean accuracy against FP32."
                )
            );
        }

        remarks.AddRange(
            titled
                .Where(setting => setting.Spec.Origin.IsShort)
                .Select(setting => $"{setting.Title}: short schedule, {setting.Spec.Training.Epochs} epochs.")
        );
        remarks.AddRange(
            titled.SelectMany(setting => setting.Spec.Origin.Warnings.Select(warning => $"{setting.Title}: {warning}"))
        );
        remarks.AddRange(titled.SelectMany(setting => Experiments.Remarks.OfDefenses(setting.Spec)).Distinct());
        remarks.AddRange(
            titled
                .Select(setting => setting.Spec.Dataset)
                .Where(dataset => dataset.TrainLimit > 0)
                .Select(dataset =>
                    $"{MethodCatalog.Default.For(dataset).Name}: a subset of {dataset.TrainLimit} training images, another one for each seed."
                )
                .Distinct()
        );
        return remarks;
    }
}
