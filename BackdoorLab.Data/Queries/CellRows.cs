using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>Cells of runs as values.</summary>
internal static class CellRows
{
    /// <summary>Cells with their numbers and without files, by run: two statements for all of them.</summary>
    public static async Task<ILookup<string, CellResult>> ReadAsync(
        LabDbContext context,
        IQueryable<Run> runs,
        CancellationToken cancellation
    )
    {
        // As a list of ids, which leads SQLite from the runs to their rows; asked for each row whether its run is
        // wanted, it reads them all.
        var ids = runs.Select(run => run.Id);
        var measurements = (
            await context
                .Measurements.AsNoTracking()
                .Where(measurement => ids.Contains(measurement.RunId))
                .OrderBy(measurement => measurement.Metric)
                .ToListAsync(cancellation)
        ).ToLookup(
            row => (row.RunId, row.Victim, row.Precision, row.Defense),
            row => new Measurement(row.Metric, row.Value, row.Count, row.Low, row.High)
        );
        var cells = await context
            .Cells.AsNoTracking()
            .Where(cell => ids.Contains(cell.RunId))
            .OrderBy(cell => cell.Victim)
            .ThenBy(cell => cell.Precision)
            .ThenBy(cell => cell.Defense)
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
            }
        );
    }
}
