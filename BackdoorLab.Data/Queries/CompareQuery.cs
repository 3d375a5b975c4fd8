using BackdoorLab.Data.Conditions;
using BackdoorLab.Data.Database;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>Runs side by side.</summary>
public sealed class CompareQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>How many runs a comparison holds at most.</summary>
    public const int MaxRuns = 100;

    private const string ImageRole = "image";

    /// <summary>Runs side by side: six statements, however many runs.</summary>
    /// <param name="runIds">At most <see cref="MaxRuns"/>; repeated ones count once.</param>
    /// <exception cref="ArgumentOutOfRangeException">More runs than that.</exception>
    public async Task<Comparison> ReadAsync(
        IReadOnlyCollection<string> runIds,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(runIds);
        var ids = runIds.Distinct().ToList();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Count, MaxRuns, nameof(runIds));
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var items = await context
            .Runs.AsNoTracking()
            .Where(run => ids.Contains(run.Id))
            .Select(RunItems.ToItem)
            .ToDictionaryAsync(run => run.Id, cancellation);
        var texts = await context
            .RunTexts.AsNoTracking()
            .Where(text => ids.Contains(text.RunId))
            .Select(text => new
            {
                text.RunId,
                text.SpecJson,
                text.DataJson,
            })
            .ToDictionaryAsync(text => text.RunId, cancellation);
        var cells = await CellRows.ReadAsync(context, context.Runs.Where(run => ids.Contains(run.Id)), cancellation);
        var curves = (
            await context
                .CurvePoints.AsNoTracking()
                .Where(point => ids.Contains(point.RunId))
                .OrderBy(point => point.Victim)
                .ThenBy(point => point.Epoch)
                .ToListAsync(cancellation)
        ).ToLookup(
            point => point.RunId,
            point => new TrainingPoint(
                point.Victim,
                point.Epoch,
                point.Epochs,
                point.Loss,
                point.CleanAccuracy,
                point.AttackSuccessRate
            )
        );
        var images = (
            await context
                .Artifacts.AsNoTracking()
                .Where(file => ids.Contains(file.RunId) && file.Role == ImageRole && file.Victim == null)
                .OrderBy(file => file.Id)
                .ToListAsync(cancellation)
        ).ToLookup(file => file.RunId, file => file.Reference);
        return new(
            [
                .. ids.Where(items.ContainsKey)
                    .Select(id => new ComparedRun(
                        items[id],
                        texts.GetValueOrDefault(id)?.SpecJson ?? "{}",
                        [.. cells[id]],
                        [.. curves[id]],
                        [.. images[id]]
                    )
                    {
                        Data = DataContent.Read(texts.GetValueOrDefault(id)?.DataJson ?? ""),
                    }),
            ],
            [.. ids.Where(id => !items.ContainsKey(id))]
        );
    }
}
