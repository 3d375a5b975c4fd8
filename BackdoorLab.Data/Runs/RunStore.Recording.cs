using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <content>Results of a running worker.</content>
public sealed partial class RunStore
{
    /// <summary>
    /// Writes what happened in a run. Recording the same again changes nothing, so a stage or cell may be told twice. False, with
    /// nothing written, when the run is not running at this attempt any more: a late worker cannot spoil a newer attempt.
    /// </summary>
    /// <param name="runId">Run.</param>
    /// <param name="attempt">The worker's attempt.</param>
    /// <param name="changes">What happened.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<bool> RecordAsync(string runId, int attempt, RunChanges changes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(changes);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        if (!await RecordRunAsync(context, runId, attempt, changes, cancellation))
        {
            return false;
        }

        if (changes.Plan is not null)
        {
            await RecordPlanAsync(context, runId, changes.Plan, cancellation);
        }


        await RecordStagesAsync(context, runId, changes.Stages, cancellation);
        await RecordCellsAsync(context, runId, changes.Cells, cancellation);
        await RecordCurveAsync(context, runId, changes.Curve, cancellation);
        await RecordArtifactsAsync(context, runId, changes.Artifacts, cancellation);
        await RecordLogAsync(context, runId, changes.Log, cancellation);
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>Updates the run's own row by statement, not by entity: progress must not raise the version and so reject a rename.</summary>
    private async Task<bool> RecordRunAsync(
        LabDbContext context, string runId, int attempt, RunChanges changes, CancellationToken cancellation)
    {
        var now = Now;
        var summary = changes.Cells.LastOrDefault(cell => cell is
        {
            Outcome: Outcome.Value,
            Id: { Victim: Victim.Backdoored or Victim.Suspect, Precision: KnownLabels.ReferencePrecision, Defense: null },
        });
        var updated = await context.Runs
            .Where(run => run.Id == runId && run.Attempt == attempt
                && (run.State == RunState.Running || run.State == RunState.Cancelling))
            .ExecuteUpdateAsync(
                set =>
                {
                    set.SetProperty(run => run.Heartbeat, now);
                    if (changes.Plan is { } plan)
                    {
                        set.SetProperty(run => run.EstimatedSeconds, Finite(plan.EstimatedSeconds));
                        set.SetProperty(run => run.PoisonedImages, plan.PoisonedImages);
                        set.SetProperty(run => run.PoisonedShare, Finite(plan.PoisonedShare));
                    }

                    if (changes.Progress is { } progress)
                    {
                        set.SetProperty(run => run.Phase, progress.Phase);
                        set.SetProperty(run => run.Fraction, Math.Clamp(Finite(progress.Fraction) ?? 0, 0, 1));
                        set.SetProperty(run => run.EtaSeconds, Finite(progress.EtaSeconds));
                    }

                    if (summary is not null || changes.Plan is not null)
                    {
                        set.SetProperty(run => run.CleanAccuracy, Finite(summary?.Value(Metric.CleanAccuracy.Id)));
                        set.SetProperty(run => run.AttackSuccessRate, Finite(summary?.Value(Metric.AttackSuccessRate.Id)));
                    }

                    if (Damage(Victim.Backdoored) is { } backdoored)
                    {
                        set.SetProperty(run => run.BackdooredDamage, backdoored);
                    }

                    if (Damage(Victim.Benign) is { } benign)
                    {
                        set.SetProperty(run => run.BenignDamage, benign);
                    }
                },
                cancellation);
        return updated == 1;

        // A new plan takes back what an earlier attempt said.
        string? Damage(Victim victim) => changes.Victims.LastOrDefault(state => state.Victim == victim)?.Damage ?? (changes.Plan is null ? null : "");
    }

    /// <summary>
    /// What an earlier attempt left is replaced; its curve stays, since a training taken from the store reports no epochs again, and so
    /// do files of stages that are still planned.
    /// </summary>
    private static async Task RecordPlanAsync(LabDbContext context, string runId, RunPlan plan, CancellationToken cancellation)
    {
        var keys = plan.Stages.Select(stage => stage.Key).ToList();
        await context.RunTexts
            .Where(text => text.RunId == runId)
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(text => text.EnvironmentJson, JsonText.Write(plan.Environment))
                    .SetProperty(text => text.DataJson, plan.Data == null ? "" : JsonText.Write(plan.Data))
                    .SetProperty(text => text.RemarksJson, "[]"),
                cancellation);
        await context.Stages.Where(stage => stage.RunId == runId).ExecuteDeleteAsync(cancellation);
        await context.Cells.Where(cell => cell.RunId == runId).ExecuteDeleteAsync(cancellation);
        await context.Artifacts
            .Where(artifact => artifact.RunId == runId && (artifact.Victim != null || !keys.Contains(artifact.Stage)))
            .ExecuteDeleteAsync(cancellation);

        var condition = await RecordedConditions.RecordAsync(context, runId, plan.Cells, cancellation);
        context.Stages.AddRange(plan.Stages.DistinctBy(stage => stage.Key).Select((stage, position) => new Stage
        {
            RunId = runId,
            Key = stage.Key,
            Kind = stage.Kind,
            Title = stage.Title,
            Method = stage.Method,
            Position = position,
            State = StageState.Planned,
            EstimatedSeconds = Finite(stage.EstimatedSeconds),
        }));
        context.Cells.AddRange(plan.Cells.Distinct().Select(id => new Cell
        {
            RunId = runId,
            Victim = id.Victim,
            Precision = id.Precision,
            Defense = id.DefenseLabel,
            PrecisionKey = condition.Precision(id.Precision).Key,
            DefenseKey = condition.Defense(id.DefenseLabel).Key,
            Outcome = Outcome.NotRun,
        }));
        await context.SaveChangesAsync(cancellation);
        context.ChangeTracker.Clear();
    }

    private static async Task RecordStagesAsync(
        LabDbContext context, string runId, IReadOnlyList<StageChange> changes, CancellationToken cancellation)
    {
        if (changes.Count == 0)
        {
            return;
        }

        var stages = await context.Stages.Where(stage => stage.RunId == runId).ToDictionaryAsync(stage => stage.Key, cancellation);
        foreach (var change in changes)
        {
            if (!stages.TryGetValue(change.Key, out var stage))
            {
                stage = new Stage { RunId = runId, Key = change.Key, Title = change.Key, Position = stages.Count };
                stages.Add(change.Key, stage);
                context.Stages.Add(stage);
            }

            stage.State = change.State;
            stage.Cached = change.Cached;
            stage.Seconds = Finite(change.Seconds) ?? stage.Seconds;
        }
    }

    private static async Task RecordCellsAsync(
        LabDbContext context, string runId, IReadOnlyList<CellResult> cells, CancellationToken cancellation)
    {
        if (cells.Count == 0)
        {
            return;
        }

        var condition = await RecordedConditions.RecordAsync(context, runId, cells.Select(cell => cell.Id), cancellation);
        foreach (var row in cells.Reverse().DistinctBy(cell => cell.Id))
        {
            var (victim, precision, defense) = (row.Id.Victim, row.Id.Precision, row.Id.DefenseLabel);
            await context.Cells
                .Where(cell => cell.RunId == runId && cell.Victim == victim && cell.Precision == precision && cell.Defense == defense)
                .ExecuteDeleteAsync(cancellation);
            await context.Artifacts
                .Where(file => file.RunId == runId && file.Victim == victim && file.Precision == precision && file.Defense == defense)
                .ExecuteDeleteAsync(cancellation);

            var notFinite = row.Measurements.Where(measurement => !double.IsFinite(measurement.Value)).ToList();
            context.Cells.Add(new Cell
            {
                RunId = runId,
                Victim = victim,
                Precision = precision,
                Defense = defense,
                PrecisionKey = condition.Precision(precision).Key,
                DefenseKey = condition.Defense(defense).Key,
                Outcome = row.Outcome,
                Reason = row.Reason,
                Verdict = row.Verdict?.Decision,
                VerdictReason = ReasonCode.Of(row.Verdict?.Reason),
                VerdictFactsJson = VerdictColumns.FactsJson(row.Verdict),
                NotesJson = JsonText.Write(row.Notes.Concat(
                    notFinite.Select(measurement => $"The {measurement.Metric} came out as no finite number and is left out."))),
                Seconds = Finite(row.Seconds),
                Cached = row.Cached,
            });
            context.Measurements.AddRange(row.Measurements.Except(notFinite).Reverse().DistinctBy(measurement => measurement.Metric)
                .Select(measurement => new CellNumber
                {
                    RunId = runId,
                    Victim = victim,
                    Precision = precision,
                    Defense = defense,
                    Metric = measurement.Metric,
                    Value = measurement.Value,
                    Count = measurement.Count,
                    Low = Finite(measurement.Low),
                    High = Finite(measurement.High),
                }));
            context.Artifacts.AddRange(row.Artifacts.Distinct().Select(file => new Artifact
            {
                RunId = runId,
                Victim = victim,
                Precision = precision,
                Defense = defense,
                Stage = file.Stage,
                File = file.File,
                Role = file.Role,
                Title = file.Title,
                Kind = FigureCode.Of(file.Kind),
                Trained = VictimName.Of(file.Trained),
            }));
        }
    }

    private static async Task RecordCurveAsync(
        LabDbContext context, string runId, IReadOnlyList<TrainingPoint> curve, CancellationToken cancellation)
    {
        foreach (var row in curve.Reverse().DistinctBy(point => (point.Victim, point.Epoch)))
        {
            await context.CurvePoints
                .Where(point => point.RunId == runId && point.Victim == row.Victim && point.Epoch == row.Epoch)
                .ExecuteDeleteAsync(cancellation);
            context.CurvePoints.Add(new CurvePoint
            {
                RunId = runId,
                Victim = row.Victim,
                Epoch = row.Epoch,
                Epochs = row.Epochs,
                Loss = Finite(row.Loss),
                CleanAccuracy = Finite(row.CleanAccuracy),
                AttackSuccessRate = Finite(row.AttackSuccessRate),
            });
        }
    }

    private static async Task RecordArtifactsAsync(
        LabDbContext context, string runId, IReadOnlyList<ArtifactReference> files, CancellationToken cancellation)
    {
        foreach (var row in files.Reverse().DistinctBy(file => (file.Stage, file.File)).Reverse())
        {
            var known = await context.Artifacts.SingleOrDefaultAsync(
                file => file.RunId == runId && file.Stage == row.Stage && file.File == row.File && file.Victim == null, cancellation);
            if (known is null)
            {
                context.Artifacts.Add(new Artifact
                {
                    RunId = runId,
                    Stage = row.Stage,
                    File = row.File,
                    Role = row.Role,
                    Title = row.Title,
                    Kind = FigureCode.Of(row.Kind),
                    Trained = VictimName.Of(row.Trained),
                });
            }
            else
            {
                known.Role = row.Role;
                known.Title = row.Title;
                known.Kind = FigureCode.Of(row.Kind);
                known.Trained = VictimName.Of(row.Trained);
            }
        }
    }

    private static async Task RecordLogAsync(
        LabDbContext context, string runId, IReadOnlyList<LogEntry> log, CancellationToken cancellation)
    {
        if (log.Count == 0)
        {
            return;
        }

        var last = await context.LogLines.Where(line => line.RunId == runId).MaxAsync(line => (long?)line.Sequence, cancellation) ?? 0;
        context.LogLines.AddRange(log.Select((entry, index) => new LogLine
        {
            RunId = runId,
            Sequence = last + 1 + index,
            At = entry.At,
            Level = entry.Level,
            Text = entry.Text,
        }));
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
