using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Studies;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>Studies, and what became of their runs.</summary>
public sealed class StudyQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>Studies outside the trash, newest first.</summary>
    /// <param name="count">How many at most.</param>
    public async Task<IReadOnlyList<StudyItem>> ListAsync(
        int count = RunPage.MaxSize,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        return await ItemsAsync(
            context,
            context
                .Studies.Where(study => !study.Deleted)
                .OrderByDescending(study => study.Created)
                .ThenByDescending(study => study.Id)
                .Take(count),
            cancellation
        );
    }

    /// <summary>A study as lists show it, or null; also from the trash.</summary>
    public async Task<StudyItem?> FindItemAsync(string studyId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        return (
            await ItemsAsync(context, context.Studies.Where(study => study.Id == studyId), cancellation)
        ).SingleOrDefault();
    }

    /// <summary>A study with its runs and all their numbers, or null; also from the trash.</summary>
    public async Task<StudyDetail?> FindAsync(string studyId, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var study = await context
            .Studies.AsNoTracking()
            .SingleOrDefaultAsync(study => study.Id == studyId, cancellation);
        if (study is null)
        {
            return null;
        }

        var runs = context.Runs.AsNoTracking().Where(run => run.StudyId == studyId && !run.Deleted);
        var items = await runs.OrderBy(run => run.Created)
            .ThenBy(run => run.Id)
            .Select(RunItems.ToItem)
            .ToListAsync(cancellation);
        var specs = await context
            .RunTexts.AsNoTracking()
            .Where(text => runs.Any(run => run.Id == text.RunId))
            .ToDictionaryAsync(text => text.RunId, text => text.SpecJson, cancellation);
        var stages = (
            await context
                .Stages.AsNoTracking()
                .Where(stage =>
                    stage.State == StageState.Done && stage.Seconds != null && runs.Any(run => run.Id == stage.RunId)
                )
                .OrderBy(stage => stage.Position)
                .ThenBy(stage => stage.Key)
                .Select(stage => new
                {
                    stage.RunId,
                    Time = new StageTime(stage.Key, stage.Kind, stage.Method, stage.Seconds!.Value),
                })
                .ToListAsync(cancellation)
        ).ToLookup(stage => stage.RunId, stage => stage.Time);
        var cells = await CellRows.ReadAsync(context, runs, cancellation);
        return new(
            Item(study, items.Select(run => (run.State, run.Fraction))),
            study.SpecJson,
            [.. items.Select(run => new StudyRunDetail(run, specs[run.Id], [.. stages[run.Id]], [.. cells[run.Id]]))]
        );
    }

    private static async Task<IReadOnlyList<StudyItem>> ItemsAsync(
        LabDbContext context,
        IQueryable<Study> studies,
        CancellationToken cancellation
    )
    {
        var found = await studies.AsNoTracking().ToListAsync(cancellation);
        var ids = found.ConvertAll(study => study.Id);
        var runs = (
            await context
                .Runs.AsNoTracking()
                .Where(run => run.StudyId != null && ids.Contains(run.StudyId) && !run.Deleted)
                .Select(run => new
                {
                    run.StudyId,
                    run.State,
                    run.Fraction,
                })
                .ToListAsync(cancellation)
        ).ToLookup(run => run.StudyId, run => (run.State, run.Fraction));
        return [.. found.Select(study => Item(study, runs[study.Id]))];
    }

    private static StudyItem Item(Study study, IEnumerable<(RunState State, double Fraction)> runs)
    {
        var all = runs.ToList();
        return new()
        {
            Id = study.Id,
            Name = study.Name,
            Created = study.Created,
            Deleted = study.Deleted,
            Runs = all.CountBy(run => run.State).ToDictionary(),
            Fraction =
                all.Count == 0
                    ? 0
                    : all.Average(run =>
                        run.State is RunState.Succeeded or RunState.Failed or RunState.Cancelled ? 1 : run.Fraction
                    ),
        };
    }
}
