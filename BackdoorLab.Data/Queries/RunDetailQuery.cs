using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>One run with all that belongs to it; its log apart, since it may be long.</summary>
public sealed class RunDetailQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Everything about a run except its log, or null; also from the trash.</summary>
    public async Task<RunDetail?> FindAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var texts = await context
            .RunTexts.AsNoTracking()
            .SingleOrDefaultAsync(text => text.RunId == runId, cancellation);
        if (texts is null)
        {
            return null;
        }

        var files = await FilesAsync(context, runId, cancellation);
        return new RunDetail
        {
            Run = (await RunItems.FindAsync(context, runId, cancellation))!,
            SpecJson = texts.SpecJson,
            Environment = JsonText.Map(texts.EnvironmentJson),
            Data = DataContent.Read(texts.DataJson),
            Remarks = JsonText.List(texts.RemarksJson),
            Stages = await context
                .Stages.AsNoTracking()
                .Where(stage => stage.RunId == runId)
                .OrderBy(stage => stage.Position)
                .ThenBy(stage => stage.Key)
                .Select(stage => new RunStage(
                    stage.Key,
                    stage.Kind,
                    stage.Title,
                    stage.Position,
                    stage.State,
                    stage.Cached,
                    stage.Seconds,
                    stage.EstimatedSeconds,
                    stage.Method
                ))
                .ToListAsync(cancellation),
            Cells =
            [
                .. (await CellRows.ReadAsync(context, context.Runs.Where(run => run.Id == runId), cancellation))[runId]
                    .Select(cell => cell with { Artifacts = [.. files[cell.Id]] }),
            ],
            Curve = await context
                .CurvePoints.AsNoTracking()
                .Where(point => point.RunId == runId)
                .OrderBy(point => point.Victim)
                .ThenBy(point => point.Epoch)
                .Select(point => new TrainingPoint(
                    point.Victim,
                    point.Epoch,
                    point.Epochs,
                    point.Loss,
                    point.CleanAccuracy,
                    point.AttackSuccessRate
                ))
                .ToListAsync(cancellation),
            Artifacts = [.. files[null]],
            LastLogSequence =
                await context
                    .LogLines.Where(line => line.RunId == runId)
                    .MaxAsync(line => (long?)line.Sequence, cancellation)
                ?? 0,
        };
    }

    /// <summary>Log lines after a sequence number, oldest first: a page asks with the last one it has.</summary>
    /// <param name="afterSequence">0 for the beginning.</param>
    /// <param name="count">How many at most.</param>
    public async Task<IReadOnlyList<LogRow>> LogAfterAsync(
        string runId,
        long afterSequence,
        int count = 1000,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .LogLines.AsNoTracking()
            .Where(line => line.RunId == runId && line.Sequence > afterSequence)
            .OrderBy(line => line.Sequence)
            .Take(count)
            .Select(line => new LogRow(line.Sequence, line.At, line.Level, line.Text))
            .ToListAsync(cancellation);
    }

    /// <summary>The last log lines, oldest first.</summary>
    /// <param name="count">How many at most.</param>
    public async Task<IReadOnlyList<LogRow>> LogTailAsync(
        string runId,
        int count = 200,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var lines = await context
            .LogLines.AsNoTracking()
            .Where(line => line.RunId == runId)
            .OrderByDescending(line => line.Sequence)
            .Take(count)
            .Select(line => new LogRow(line.Sequence, line.At, line.Level, line.Text))
            .ToListAsync(cancellation);
        lines.Reverse();
        return lines;
    }

    /// <summary>The specs of runs, by id; unknown ids are absent.</summary>
    public async Task<IReadOnlyDictionary<string, string>> SpecsAsync(
        IReadOnlyCollection<string> runIds,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
            .RunTexts.AsNoTracking()
            .Where(text => runIds.Contains(text.RunId))
            .ToDictionaryAsync(text => text.RunId, text => text.SpecJson, cancellation);
    }

    private static async Task<ILookup<CellId?, ArtifactReference>> FilesAsync(
        LabDbContext context,
        string runId,
        CancellationToken cancellation
    )
    {
        var files = await context
            .Artifacts.AsNoTracking()
            .Where(file => file.RunId == runId)
            .OrderBy(file => file.Id)
            .ToListAsync(cancellation);
        return files.ToLookup(
            file =>
                file.Victim is null
                    ? null
                    : CellColumns.Read(file.Victim.Value, file.Precision ?? "", file.Defense ?? ""),
            file => file.Reference
        );
    }
}
