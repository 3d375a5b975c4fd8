using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Runs;

/// <summary>Results of a run as rows: what a worker reports and what an import brings are written alike.</summary>
internal static class ResultRows
{
    /// <summary>A cell written again is replaced, with its numbers and files.</summary>
    public static async Task CellsAsync(
        LabDbContext context,
        string runId,
        IReadOnlyList<CellResult> cells,
        CancellationToken cancellation
    )
    {
        if (cells.Count == 0)
        {
            return;
        }

        var condition = await RecordedConditions.RecordAsync(
            context,
            runId,
            cells.Select(cell => cell.Id),
            cancellation
        );
        foreach (var row in cells.Reverse().DistinctBy(cell => cell.Id))
        {
            var (victim, precision, defense) = (row.Id.Victim, row.Id.Precision, row.Id.DefenseLabel);
            await context
                .Cells.Where(cell =>
                    cell.RunId == runId
                    && cell.Victim == victim
                    && cell.Precision == precision
                    && cell.Defense == defense
                )
                .ExecuteDeleteAsync(cancellation);
            await context
                .Artifacts.Where(file =>
                    file.RunId == runId
                    && file.Victim == victim
                    && file.Precision == precision
                    && file.Defense == defense
                )
                .ExecuteDeleteAsync(cancellation);

            var notFinite = row.Measurements.Where(measurement => !double.IsFinite(measurement.Value)).ToList();
            context.Cells.Add(
                new Cell
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
                    NotesJson = JsonText.Write(
                        row.Notes.Concat(
                            notFinite.Select(measurement =>
                                $"The {measurement.Metric} came out as no finite number and is left out."
                            )
                        )
                    ),
                    Seconds = Finite(row.Seconds),
                    Cached = row.Cached,
                }
            );
            context.Measurements.AddRange(
                row.Measurements.Except(notFinite)
                    .Reverse()
                    .DistinctBy(measurement => measurement.Metric)
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
                    })
            );
            context.Artifacts.AddRange(
                row.Artifacts.Distinct()
                    .Select(file => new Artifact
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
                    })
            );
        }
    }

    /// <summary>An epoch written again is replaced.</summary>
    public static async Task CurveAsync(
        LabDbContext context,
        string runId,
        IReadOnlyList<TrainingPoint> curve,
        CancellationToken cancellation
    )
    {
        foreach (var row in curve.Reverse().DistinctBy(point => (point.Victim, point.Epoch)))
        {
            await context
                .CurvePoints.Where(point =>
                    point.RunId == runId && point.Victim == row.Victim && point.Epoch == row.Epoch
                )
                .ExecuteDeleteAsync(cancellation);
            context.CurvePoints.Add(
                new CurvePoint
                {
                    RunId = runId,
                    Victim = row.Victim,
                    Epoch = row.Epoch,
                    Epochs = row.Epochs,
                    Loss = Finite(row.Loss),
                    CleanAccuracy = Finite(row.CleanAccuracy),
                    AttackSuccessRate = Finite(row.AttackSuccessRate),
                }
            );
        }
    }

    /// <summary>Files of the run as a whole; one written again is replaced.</summary>
    public static async Task ArtifactsAsync(
        LabDbContext context,
        string runId,
        IReadOnlyList<ArtifactReference> files,
        CancellationToken cancellation
    )
    {
        foreach (var row in files.Reverse().DistinctBy(file => (file.Stage, file.File)).Reverse())
        {
            var known = await context.Artifacts.SingleOrDefaultAsync(
                file => file.RunId == runId && file.Stage == row.Stage && file.File == row.File && file.Victim == null,
                cancellation
            );
            if (known is null)
            {
                context.Artifacts.Add(
                    new Artifact
                    {
                        RunId = runId,
                        Stage = row.Stage,
                        File = row.File,
                        Role = row.Role,
                        Title = row.Title,
                        Kind = FigureCode.Of(row.Kind),
                        Trained = VictimName.Of(row.Trained),
                    }
                );
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

    /// <summary>Goes on with the numbers of the lines.</summary>
    public static async Task LogAsync(
        LabDbContext context,
        string runId,
        IReadOnlyList<LogEntry> log,
        CancellationToken cancellation
    )
    {
        if (log.Count == 0)
        {
            return;
        }

        var last =
            await context
                .LogLines.Where(line => line.RunId == runId)
                .MaxAsync(line => (long?)line.Sequence, cancellation)
            ?? 0;
        context.LogLines.AddRange(
            log.Select(
                (entry, index) =>
                    new LogLine
                    {
                        RunId = runId,
                        Sequence = last + 1 + index,
                        At = entry.At,
                        Level = entry.Level,
                        Text = entry.Text,
                    }
            )
        );
    }

    /// <summary>The number, or null where it is none that a column can hold.</summary>
    public static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
