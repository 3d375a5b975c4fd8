using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <content>One run.</content>
public sealed partial class ResultQueries
{
    /// <summary>Everything about a run except its log, or null; also from the trash.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<RunDetail?> FindAsync(string runId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);

        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var texts = await context.RunTexts.AsNoTracking().SingleOrDefaultAsync(text => text.RunId == runId, cancellation);
        if (texts is null)
        {
            return null;
        }

        var files = await FilesAsync(context, runId, cancellation);
        return new RunDetail
        {
            Run = (await TaggedAsync(context, await context.Runs.AsNoTracking().Where(run => run.Id == runId).Select(RunItems.ToItem).ToListAsync(cancellation), cancellation)).Single(),
            SpecJson = texts.SpecJson,
            Environment = JsonText.Map(texts.EnvironmentJson),
            Data = DataContent.Read(texts.DataJson),
            Remarks = JsonText.List(texts.RemarksJson),
            Stages = [.. (await StagesAsync(context.Stages.Where(stage => stage.RunId == runId), cancellation))[runId]],
            Cells =
            [
                .. (await CellsAsync(context, context.Runs.Where(run => run.Id == runId), cancellation))[runId]
                    .Select(cell => cell with { Artifacts = [.. files[cell.Id]] }),
            ],
            Curve = await context.CurvePoints.AsNoTracking()
                .Where(point => point.RunId == runId)
                .OrderBy(point => point.Victim).ThenBy(point => point.Epoch)
                .Select(point => new TrainingPoint(
                    point.Victim, point.Epoch, point.Epochs, point.Loss, point.CleanAccuracy, point.AttackSuccessRate))
                .ToListAsync(cancellation),
            Artifacts = [.. files[null]],
            LastLogSequence = await context.LogLines
                .Where(line => line.RunId == runId)
                .MaxAsync(line => (long?)line.Sequence, cancellation) ?? 0,
        };
    }

    /// <summary>Log lines after a sequence number, oldest first: a page asks with the last one it has.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="afterSequence">0 for the beginning.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<LogRow>> LogAfterAsync(
        string runId, long afterSequence, int count = 1000, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context.LogLines.AsNoTracking()
            .Where(line => line.RunId == runId && line.Sequence > afterSequence)
            .OrderBy(line => line.Sequence)
            .Take(count)
            .Select(line => new LogRow(line.Sequence, line.At, line.Level, line.Text))
            .ToListAsync(cancellation);
    }

    /// <summary>The last log lines, oldest first.</summary>
    /// <param name="runId">Run.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellation">Cancellation.</param>
    public async Task<IReadOnlyList<LogRow>> LogTailAsync(string runId, int count = 200, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var lines = await context.LogLines.AsNoTracking()
            .Where(line => line.RunId == runId)
            .OrderByDescending(line => line.Sequence)
            .Take(count)
            .Select(line => new LogRow(line.Sequence, line.At, line.Level, line.Text))
            .ToListAsync(cancellation);
        lines.Reverse();
        return lines;
    }

    private static async Task<ILookup<CellId?, ArtifactReference>> FilesAsync(
        LabDbContext context, string runId, CancellationToken cancellation)
    {
        var files = await context.Artifacts.AsNoTracking()
            .Where(file => file.RunId == runId)
            .OrderBy(file => file.Id)
            .ToListAsync(cancellation);
        return files.ToLookup(
            file => file.Victim is null ? null : CellColumns.Read(file.Victim.Value, file.Precision ?? "", file.Defense ?? ""),
            file => file.Reference);
    }

    // By run, each in its order.
    private static async Task<ILookup<string, RunStage>> StagesAsync(IQueryable<Stage> stages, CancellationToken cancellation) =>
        (await stages.AsNoTracking().OrderBy(stage => stage.Position).ThenBy(stage => stage.Key).ToListAsync(cancellation))
        .ToLookup(
            stage => stage.RunId,
            stage => new RunStage(
                stage.Key, stage.Kind, stage.Title, stage.Position, stage.State, stage.Cached, stage.Seconds, stage.EstimatedSeconds, stage.Method));

    // By run, two statements for all of them.
    private static async Task<ILookup<string, CellResult>> CellsAsync(LabDbContext context, IQueryable<Run> runs, CancellationToken cancellation)
    {
        // As a list of ids, which leads SQLite from the runs to their rows; asked for each row whether its run is wanted, it reads them all.
        var ids = runs.Select(run => run.Id);
        var measurements = (await context.Measurements.AsNoTracking()
                .Where(measurement => ids.Contains(measurement.RunId))
                .OrderBy(measurement => measurement.Metric)
                .ToListAsync(cancellation))
            .ToLookup(
                row => (row.RunId, row.Victim, row.Precision, row.Defense),
                row => new Measurement(row.Metric, row.Value, row.Count, row.Low, row.High));
        var cells = await context.Cells.AsNoTracking()
            .Where(cell => ids.Contains(cell.RunId))
            .OrderBy(cell => cell.Victim).ThenBy(cell => cell.Precision).ThenBy(cell => cell.Defense)
            .ToListAsync(cancellation);
        return cells.ToLookup(
            cell => cell.RunId,
            cell => new CellResult
            {
                Id = CellColumns.Read(cell.Victim, cell.Precision, cell.Defense),
                Outcome = cell.Outcome,
                Reason = cell.Reason,
                Verdict = VerdictColumns.Read(cell.Verdict, cell.VerdictReason, cell.VerdictFactsJson),
                Notes = JsonText.List(cell.NotesJson),
                Seconds = cell.Seconds,
                Cached = cell.Cached,
                Measurements = [.. measurements[(cell.RunId, cell.Victim, cell.Precision, cell.Defense)]],
            });
    }
}
