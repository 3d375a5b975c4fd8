using System.Runtime.CompilerServices;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>Many runs, read a part at a time.</summary>
public sealed class RunStreamQuery(IDbContextFactory<LabDbContext> contexts)
{
    private const int StreamPart = 250;

    /// <summary>Runs newest first, read in parts, so that neither memory nor a lock grows with their number.</summary>
    public async IAsyncEnumerable<RunItem> StreamAsync(
        RunSelection selection,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        await foreach (var part in PartsAsync(selection, cancellation))
        {
            foreach (var run in part)
            {
                yield return run;
            }
        }
    }

    /// <summary>Runs with their cells and numbers, newest first.</summary>
    public async IAsyncEnumerable<(RunItem Run, IReadOnlyList<CellResult> Cells)> StreamCellsAsync(
        RunSelection selection,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        await foreach (var part in PartsAsync(selection, cancellation))
        {
            var ids = part.Select(run => run.Id).ToList();
            await using var context = await contexts.CreateDbContextAsync(cancellation);
            var cells = await CellRows.ReadAsync(
                context,
                context.Runs.Where(run => ids.Contains(run.Id)),
                cancellation
            );
            foreach (var run in part)
            {
                yield return (run, [.. cells[run.Id]]);
            }
        }
    }

    /// <summary>Ids and states, newest first: what a bulk action chooses from.</summary>
    public async Task<IReadOnlyList<(string Id, RunState State)>> StatesAsync(
        RunSelection selection,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(selection);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var runs = await RunFilters
            .Sort(RunFilters.Apply(context, selection).AsNoTracking(), [])
            .Select(run => new { run.Id, run.State })
            .ToListAsync(cancellation);
        return [.. runs.Select(run => (run.Id, run.State))];
    }

    private async IAsyncEnumerable<IReadOnlyList<RunItem>> PartsAsync(
        RunSelection selection,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(selection);
        IReadOnlyList<RunItem> part;
        (DateTime Created, string Id)? last = null;
        do
        {
            await using var context = await contexts.CreateDbContextAsync(cancellation);
            part = await RunItems.AfterAsync(
                context,
                RunFilters.Apply(context, selection),
                last,
                StreamPart,
                cancellation
            );
            if (part.Count > 0)
            {
                yield return part;
                last = (part[^1].Created, part[^1].Id);
            }
        } while (part.Count == StreamPart);
    }
}
