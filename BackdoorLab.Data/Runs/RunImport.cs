using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>Runs from elsewhere.</summary>
public sealed class RunImport(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>
    /// Writes a run that ended in another lab, with all that it recorded, in one transaction. It keeps its id when that
    /// is free here.
    /// </summary>
    /// <param name="run">The run as the other lab shows it.</param>
    /// <param name="owner">Who imports it; empty in a lab without accounts.</param>
    /// <exception cref="ArgumentException">The run has not ended.</exception>
    public async Task<string> ImportAsync(
        NewRun content,
        RunDetail run,
        IReadOnlyList<LogRow> log,
        string owner,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(run);
        if (run.Run.State is not (RunState.Succeeded or RunState.Failed or RunState.Cancelled))
        {
            throw new ArgumentException(
                $"Only a run that has ended can be imported; this one is {run.Run.State}.",
                nameof(run)
            );
        }

        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var free = RunIds.IsWellFormed(run.Run.Id) && await context.Runs.FindAsync([run.Run.Id], cancellation) is null;
        var row = RunTransitions.New(content, free ? run.Run.Id : RunIds.New(), study: null, run.Run.Created);
        (row.State, row.Queued, row.Started, row.Ended) = (
            run.Run.State,
            run.Run.Queued,
            run.Run.Started,
            run.Run.Ended
        );
        (row.Attempt, row.ElapsedSeconds, row.Error, row.Owner) = (
            Math.Max(1, run.Run.Attempt),
            run.Run.ElapsedSeconds,
            run.Run.Error,
            owner
        );
        (row.CleanAccuracy, row.AttackSuccessRate) = (run.Run.CleanAccuracy, run.Run.AttackSuccessRate);
        (row.PoisonedImages, row.PoisonedShare) = (run.Run.PoisonedImages, run.Run.PoisonedShare);
        (row.BackdooredDamage, row.BenignDamage) = (run.Run.BackdooredDamage, run.Run.BenignDamage);
        context.Runs.Add(row);
        context.RunTexts.Add(
            new RunText
            {
                RunId = row.Id,
                SpecJson = content.SpecJson,
                DataJson = run.Data is null ? "" : JsonText.Write(run.Data),
                EnvironmentJson = JsonText.Write(run.Environment),
                RemarksJson = JsonText.Write(run.Remarks),
            }
        );
        context.RunTags.AddRange(
            run.Run.Tags.SelectMany(TagText.Parse).Distinct().Select(tag => new RunTag { RunId = row.Id, Tag = tag })
        );
        context.Stages.AddRange(
            run.Stages.Select(stage => new Stage
            {
                RunId = row.Id,
                Key = stage.Key,
                Kind = stage.Kind,
                Title = stage.Title,
                Method = stage.Method,
                Position = stage.Position,
                State = stage.State,
                Cached = stage.Cached,
                Seconds = stage.Seconds,
                EstimatedSeconds = stage.EstimatedSeconds,
            })
        );
        await context.SaveChangesAsync(cancellation);
        await ResultRows.CellsAsync(context, row.Id, run.Cells, cancellation);
        await ResultRows.CurveAsync(context, row.Id, run.Curve, cancellation);
        await ResultRows.ArtifactsAsync(context, row.Id, run.Artifacts, cancellation);
        await ResultRows.LogAsync(
            context,
            row.Id,
            [.. log.Select(line => new LogEntry(line.At, line.Level, line.Text))],
            cancellation
        );
        await context.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return row.Id;
    }
}
