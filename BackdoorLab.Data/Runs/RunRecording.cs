using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>What a running worker reports, as rows.</summary>
public sealed class RunRecording(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>
    /// Writes what happened in a run. Recording the same again changes nothing, so a stage or cell may be told twice.
    /// False, with nothing written, when the run is not running at this attempt any more: a late worker cannot spoil a
    /// newer attempt.
    /// </summary>
    public async Task<bool> RecordAsync(
        string runId,
        int attempt,
        RunChanges changes,
        CancellationToken cancellation = default
    )
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
        await ResultRows.CellsAsync(context, runId, changes.Cells, cancellation);
        await ResultRows.CurveAsync(context, runId, changes.Curve, cancellation);
        await ResultRows.ArtifactsAsync(context, runId, changes.Artifacts, cancellation);
        await ResultRows.LogAsync(context, runId, changes.Log, cancellation);
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>
    /// Updates the run's own row by statement, not by entity: progress must not raise the version and so reject a
    /// rename.
    /// </summary>
    private async Task<bool> RecordRunAsync(
        LabDbContext context,
        string runId,
        int attempt,
        RunChanges changes,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow().UtcDateTime;
        var summary = changes.Cells.LastOrDefault(cell =>
            cell
                is {
                    Outcome: Outcome.Value,
                    Id:
                    {
                        Victim: Victim.Backdoored or Victim.Suspect,
                        Precision: KnownLabels.ReferencePrecision,
                        Defense: null,
                    },
                }
        );
        var updated = await context
            .Runs.Where(run =>
                run.Id == runId
                && run.Attempt == attempt
                && (run.State == RunState.Running || run.State == RunState.Cancelling)
            )
            .ExecuteUpdateAsync(
                set =>
                {
                    set.SetProperty(run => run.Heartbeat, now);
                    if (changes.Plan is { } plan)
                    {
                        set.SetProperty(run => run.EstimatedSeconds, ResultRows.Finite(plan.EstimatedSeconds));
                        set.SetProperty(run => run.PoisonedImages, plan.PoisonedImages);
                        set.SetProperty(run => run.PoisonedShare, ResultRows.Finite(plan.PoisonedShare));
                    }

                    if (changes.Progress is { } progress)
                    {
                        set.SetProperty(run => run.Phase, progress.Phase);
                        set.SetProperty(
                            run => run.Fraction,
                            Math.Clamp(ResultRows.Finite(progress.Fraction) ?? 0, 0, 1)
                        );
                        set.SetProperty(run => run.EtaSeconds, ResultRows.Finite(progress.EtaSeconds));
                    }

                    if (summary is not null || changes.Plan is not null)
                    {
                        set.SetProperty(
                            run => run.CleanAccuracy,
                            ResultRows.Finite(summary?.Value(Metric.CleanAccuracy.Id))
                        );
                        set.SetProperty(
                            run => run.AttackSuccessRate,
                            ResultRows.Finite(summary?.Value(Metric.AttackSuccessRate.Id))
                        );
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
                cancellation
            );
        return updated == 1;

        // A new plan takes back what an earlier attempt said.
        string? Damage(Victim victim) =>
            changes.Victims.LastOrDefault(state => state.Victim == victim)?.Damage
            ?? (changes.Plan is null ? null : "");
    }

    /// <summary>
    /// What an earlier attempt left is replaced; its curve stays, since a training taken from the store reports no
    /// epochs again, and so do files of stages that are still planned.
    /// </summary>
    private static async Task RecordPlanAsync(
        LabDbContext context,
        string runId,
        RunPlan plan,
        CancellationToken cancellation
    )
    {
        var keys = plan.Stages.Select(stage => stage.Key).ToList();
        await context
            .RunTexts.Where(text => text.RunId == runId)
            .ExecuteUpdateAsync(
                set =>
                    set.SetProperty(text => text.EnvironmentJson, JsonText.Write(plan.Environment))
                        .SetProperty(text => text.DataJson, plan.Data == null ? "" : JsonText.Write(plan.Data))
                        .SetProperty(text => text.RemarksJson, "[]"),
                cancellation
            );
        await context.Stages.Where(stage => stage.RunId == runId).ExecuteDeleteAsync(cancellation);
        await context.Cells.Where(cell => cell.RunId == runId).ExecuteDeleteAsync(cancellation);
        await context
            .Artifacts.Where(artifact =>
                artifact.RunId == runId && (artifact.Victim != null || !keys.Contains(artifact.Stage))
            )
            .ExecuteDeleteAsync(cancellation);

        var condition = await RecordedConditions.RecordAsync(context, runId, plan.Cells, cancellation);
        context.Stages.AddRange(
            plan.Stages.DistinctBy(stage => stage.Key)
                .Select(
                    (stage, position) =>
                        new Stage
                        {
                            RunId = runId,
                            Key = stage.Key,
                            Kind = stage.Kind,
                            Title = stage.Title,
                            Method = stage.Method,
                            Position = position,
                            State = StageState.Planned,
                            EstimatedSeconds = ResultRows.Finite(stage.EstimatedSeconds),
                        }
                )
        );
        context.Cells.AddRange(
            plan.Cells.Distinct()
                .Select(id => new Cell
                {
                    RunId = runId,
                    Victim = id.Victim,
                    Precision = id.Precision,
                    Defense = id.DefenseLabel,
                    PrecisionKey = condition.Precision(id.Precision).Key,
                    DefenseKey = condition.Defense(id.DefenseLabel).Key,
                    Outcome = Outcome.NotRun,
                })
        );
        await context.SaveChangesAsync(cancellation);
        context.ChangeTracker.Clear();
    }

    private static async Task RecordStagesAsync(
        LabDbContext context,
        string runId,
        IReadOnlyList<StageChange> changes,
        CancellationToken cancellation
    )
    {
        if (changes.Count == 0)
        {
            return;
        }

        var stages = await context
            .Stages.Where(stage => stage.RunId == runId)
            .ToDictionaryAsync(stage => stage.Key, cancellation);
        foreach (var change in changes)
        {
            if (!stages.TryGetValue(change.Key, out var stage))
            {
                stage = new Stage
                {
                    RunId = runId,
                    Key = change.Key,
                    Title = change.Key,
                    Position = stages.Count,
                };
                stages.Add(change.Key, stage);
                context.Stages.Add(stage);
            }

            stage.State = change.State;
            stage.Cached = change.Cached;
            stage.Seconds = ResultRows.Finite(change.Seconds) ?? stage.Seconds;
        }
    }
}
