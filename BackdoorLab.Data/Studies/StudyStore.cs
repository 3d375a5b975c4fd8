using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using BackdoorLab.Data.Runs;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Studies;

/// <summary>Studies: made with all their runs, paused, moved to the trash.</summary>
public sealed class StudyStore(IDbContextFactory<LabDbContext> contexts, TimeProvider time)
{
    /// <summary>Writes a study with all its runs, queued in their order, in one transaction.</summary>
    /// <param name="name">Name for people.</param>
    /// <param name="runs">At least one run.</param>
    /// <param name="owner">Who starts it: a user's name, or empty in a lab without accounts.</param>
    /// <returns>The study's id and what to give to the jobs.</returns>
    public async Task<(string StudyId, IReadOnlyList<RunRef> Runs)> CreateAsync(
        string name,
        string specJson,
        IReadOnlyList<NewRun> runs,
        string owner = "",
        CancellationToken cancellation = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfZero(runs.Count);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        var study = new Study
        {
            Id = RunIds.New(),
            Name = name,
            SpecJson = specJson,
            Created = time.GetUtcNow().UtcDateTime,
            Owner = owner,
        };
        context.Studies.Add(study);
        var queued = new List<RunRef>();
        foreach (var content in runs)
        {
            // Lists and the queue are ordered by time; the runs of a study keep their own order.
            var run = RunTransitions.Submitted(content, study.Id, study.Created.AddMilliseconds(queued.Count));
            context.Runs.Add(run);
            context.RunTexts.Add(new RunText { RunId = run.Id, SpecJson = content.SpecJson });
            queued.Add(new RunRef(run.Id, run.Attempt));
        }

        await context.SaveChangesAsync(cancellation);
        return (study.Id, queued);
    }

    /// <summary>
    /// Lets a study's waiting runs wait on, or start again; those under way are left alone. Returns the runs it
    /// changed.
    /// </summary>
    /// <param name="held">Hold them, or let them go.</param>
    public async Task<IReadOnlyList<RunRef>> HoldAsync(
        string studyId,
        bool held,
        CancellationToken cancellation = default
    )
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
        var waiting = RunFilters.InTurn(context.Runs.Where(run => run.StudyId == studyId && run.Held != held));
        var runs = await waiting.Select(run => new RunRef(run.Id, run.Attempt)).ToListAsync(cancellation);
        var ids = runs.Select(run => run.Id).ToList();
        await context
            .Runs.Where(run => ids.Contains(run.Id))
            .ExecuteUpdateAsync(
                set => set.SetProperty(run => run.Held, held).SetProperty(run => run.Version, run => run.Version + 1),
                cancellation
            );
        await transaction.CommitAsync(cancellation);
        return runs;
    }

    /// <summary>
    /// Moves a study to the trash or back; its runs are a separate matter. False when there is no such study.
    /// </summary>
    /// <param name="deleted">Into the trash, or back.</param>
    public async Task<bool> DeleteAsync(string studyId, bool deleted, CancellationToken cancellation = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        return await context
                .Studies.Where(study => study.Id == studyId)
                .ExecuteUpdateAsync(set => set.SetProperty(study => study.Deleted, deleted), cancellation) > 0;
    }
}
