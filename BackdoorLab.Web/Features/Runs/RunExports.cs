using System.Text.Json;
using System.Text.Json.Serialization;
using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Export;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>Runs as files, written while they are read: a filter may match a hundred thousand.</summary>
public sealed class RunExports(RunStreamQuery results, RunTables tables)
{
    /// <summary>
    /// Version of the JSON file's form; 2: states and outcomes are names, in 1 they were numbers; 3: cells have a
    /// verdict, and rates of samples are metrics of their own.
    /// </summary>
    public const int SchemaVersion = 3;

    /// <summary>The files and what they hold.</summary>
    public static IReadOnlyList<(string File, string Text)> Files { get; } =
    [
        ("runs.csv", "Runs as CSV"),
        ("runs.json", "Runs as JSON, with all numbers"),
        ("numbers.csv", "All numbers as CSV, a row each"),
        ("runs.tex", "Table as LaTeX"),
        ("runs.md", "Table as Markdown"),
    ];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Writes one of the files.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="export">Runs, newest first in the file.</param>
    /// <param name="target">Where to.</param>
    /// <exception cref="ArgumentException">There is no such file.</exception>
    public Task Write(string file, RunExport export, Stream target, CancellationToken cancellation) =>
        file switch
        {
            "runs.csv" => RunsCsv(export.Selection, target, cancellation),
            "runs.json" => RunsJson(export.Selection, target, cancellation),
            "numbers.csv" => NumbersCsv(export.Selection, target, cancellation),
            "runs.tex" => Table(TableForm.Latex, export, target, cancellation),
            "runs.md" => Table(TableForm.Markdown, export, target, cancellation),
            _ => throw new ArgumentException($"There is no export '{file}'.", nameof(file)),
        };

    private async Task RunsCsv(RunSelection selection, Stream target, CancellationToken cancellation)
    {
        await using var csv = Csv.To(target);
        await csv.Row(
            cancellation,
            "id",
            "name",
            "state",
            "dataset",
            "model",
            "attack",
            "poison_rate",
            "poisoned_images",
            "poisoned_share",
            "target_label",
            "seed",
            "clean_accuracy",
            "attack_success_rate",
            "seconds",
            "owner",
            "tags",
            "study",
            "config",
            "condition",
            "damage",
            "created",
            "ended"
        );
        await foreach (var run in results.StreamAsync(selection, cancellation))
        {
            await csv.Row(
                cancellation,
                run.Id,
                run.Name,
                run.State.ToString(),
                run.Dataset,
                run.Model,
                run.Attack,
                run.PoisonRate,
                run.PoisonedImages,
                run.PoisonedShare,
                run.TargetLabel,
                run.Seed,
                run.CleanAccuracy,
                run.AttackSuccessRate,
                run.ElapsedSeconds,
                run.Owner,
                string.Join(' ', run.Tags),
                run.StudyId,
                run.ConfigHash,
                run.ConditionKey,
                run.BackdooredDamage,
                Csv.Time(run.Created),
                Csv.Time(run.Ended)
            );
        }
    }

    private async Task NumbersCsv(RunSelection selection, Stream target, CancellationToken cancellation)
    {
        await using var csv = Csv.To(target);
        await csv.Row(
            cancellation,
            "run",
            "condition",
            "dataset",
            "model",
            "attack",
            "poison_rate",
            "seed",
            "victim",
            "precision",
            "defense",
            "outcome",
            "reason",
            "metric",
            "value",
            "n",
            "low",
            "high",
            "damage",
            "verdict",
            "verdict_reason"
        );
        await foreach (var (run, cells) in results.StreamCellsAsync(selection, cancellation))
        {
            foreach (var cell in cells)
            {
                foreach (var number in cell.Measurements.DefaultIfEmpty())
                {
                    await csv.Row(
                        cancellation,
                        run.Id,
                        run.ConditionKey,
                        run.Dataset,
                        run.Model,
                        run.Attack,
                        run.PoisonRate,
                        run.Seed,
                        VictimName.Of(cell.Id.Victim),
                        cell.Id.Precision,
                        cell.Id.DefenseLabel,
                        cell.Outcome.ToString(),
                        cell.Reason,
                        number?.Metric,
                        number?.Value,
                        number?.Count,
                        number?.Low,
                        number?.High,
                        cell.Id.Victim == Victim.Benign ? run.BenignDamage : run.BackdooredDamage,
                        cell.Verdict?.Decision.ToString(),
                        ReasonCode.Of(cell.Verdict?.Reason)
                    );
                }
            }
        }
    }

    private async Task RunsJson(RunSelection selection, Stream target, CancellationToken cancellation)
    {
        await using var text = Writer(target);
        await text.WriteAsync($"{{\"schema\":{SchemaVersion},\"runs\":[");
        var first = true;
        await foreach (var (run, cells) in results.StreamCellsAsync(selection, cancellation))
        {
            await text.WriteAsync(first ? "\n" : ",\n");
            await text.WriteAsync(JsonSerializer.Serialize(new { run, cells }, Json));
            first = false;
        }

        await text.WriteAsync("\n]}\n");
    }

    private async Task Table(TableForm form, RunExport export, Stream target, CancellationToken cancellation)
    {
        await using var text = Writer(target);
        await tables.Write(form, export, text, cancellation);
    }

    private static StreamWriter Writer(Stream target) => new(target, leaveOpen: true);
}
