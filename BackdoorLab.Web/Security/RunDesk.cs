using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Security;

/// <summary>
/// Where people and scripts hand in what they want done with runs: checks that they may, does it, writes it down. Pages
/// and the HTTP API know this and neither the queue nor the store; background work knows those and not this.
/// </summary>
public sealed class RunDesk(
    Actor actor,
    Audit audit,
    RunQueue queue,
    RunBulk bulk,
    NamedFiles named,
    StudyStore studies,
    BundleReader bundles,
    RunFiles files,
    LabOptions options
)
{
    /// <summary>Makes a run of a spec and queues it; returns its id.</summary>
    /// <exception cref="PersonTextException">Its name is refused.</exception>
    /// <exception cref="SpecException">The files of its data set do not allow it.</exception>
    public async Task<string> Submit(
        ExperimentSpec spec,
        double? estimatedSeconds = null,
        CancellationToken cancellation = default
    )
    {
        actor.Require(LabRole.Researcher);
        var submitted = spec with { Name = PersonText.RunName.Take(spec.Name) };
        await Task.Run(() => new DataFaults(options.Data).Refuse(spec), cancellation);
        var id = await queue.SubmitAsync(submitted, estimatedSeconds, actor.Owner, cancellation);
        await audit.Add("submit-run", id, submitted.Name);
        return id;
    }

    /// <summary>Makes a study with all its runs and queues them; returns its id.</summary>
    /// <exception cref="PersonTextException">Its name or question is refused.</exception>
    /// <exception cref="SpecException">The files of its data sets do not allow it.</exception>
    public async Task<string> Submit(
        StudySpec study,
        Func<ExperimentSpec, double> estimate,
        CancellationToken cancellation = default
    )
    {
        actor.Require(LabRole.Researcher);
        var submitted = study with
        {
            Name = PersonText.StudyName.Take(study.Name),
            Question = PersonText.Question.Take(study.Question),
        };
        await Task.Run(() => StudyPlan.Make(submitted).Refuse(new(options.Data)), cancellation);
        var id = await queue.SubmitStudyAsync(submitted, estimate, actor.Owner, cancellation);
        await audit.Add("submit-study", id, submitted.Name);
        return id;
    }

    /// <summary>Asks a run to stop; the state after that, or null when there was nothing to cancel.</summary>
    public async Task<RunState?> Cancel(string runId, CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Researcher);
        var state = await queue.CancelAsync(runId, cancellation);
        if (state is not null)
        {
            await audit.Add("cancel-run", runId);
        }

        return state;
    }

    /// <summary>Queues a run again. False when it cannot be queued.</summary>
    public async Task<bool> Retry(string runId)
    {
        actor.Require(LabRole.Researcher);
        var queued = await queue.EnqueueAsync(runId);
        if (queued)
        {
            await audit.Add("retry-run", runId);
        }

        return queued;
    }

    /// <summary>Puts a waiting run before all others. False when it does not wait.</summary>
    public async Task<bool> PutFirst(string runId)
    {
        actor.Require(LabRole.Researcher);
        var moved = await queue.PutFirstAsync(runId);
        if (moved)
        {
            await audit.Add("put-first", runId);
        }

        return moved;
    }

    /// <summary>Lets a study's waiting runs wait on, or start again; returns how many.</summary>
    public async Task<int> HoldStudy(string studyId, bool held)
    {
        actor.Require(LabRole.Researcher);
        var count = await queue.HoldStudyAsync(studyId, held);
        await audit.Add(held ? "pause-study" : "resume-study", studyId);
        return count;
    }

    /// <summary>Takes in a run of another lab; returns its id here.</summary>
    /// <exception cref="BundleException">It cannot be taken in.</exception>
    public async Task<string> Import(Stream bundle, CancellationToken cancellation = default)
    {
        actor.Require(LabRole.Researcher);
        var id = await bundles.Import(bundle, actor.Owner, cancellation);
        await audit.Add("import-run", id);
        return id;
    }

    /// <summary>Moves runs to the trash; returns the ids of those that were moved.</summary>
    public async Task<IReadOnlyList<string>> Delete(RunSelection runs)
    {
        actor.Require(LabRole.Researcher);
        var deleted = await bulk.DeleteAsync(runs);
        await audit.Add("delete-run", deleted);
        return deleted;
    }

    /// <summary>Takes runs out of the trash and returns how many.</summary>
    public async Task<int> Restore(RunSelection runs)
    {
        actor.Require(LabRole.Researcher);
        var count = await bulk.RestoreAsync(runs);
        await audit.Add("restore-run", Subject(runs, count));
        return count;
    }

    /// <summary>The files that would go with runs of the trash.</summary>
    public Task<FreedFiles> FreedByPurge(RunSelection runs)
    {
        actor.Require(LabRole.Admin);
        return named.FreedByPurgeAsync(runs);
    }

    /// <summary>
    /// Removes runs of the trash for good, with the files that no other run needs, and returns how many.
    /// </summary>
    public async Task<int> Purge(RunSelection runs)
    {
        actor.Require(LabRole.Admin);
        var purged = await bulk.PurgeAsync(runs);
        await audit.Add("purge-run", Subject(runs, purged.Runs));
        await Task.Run(() => files.Remove(purged.Freed));
        return purged.Runs;
    }

    /// <summary>Adds and removes tags and returns how many runs were chosen.</summary>
    /// <exception cref="PersonTextException">The tags are refused.</exception>
    public async Task<int> Tag(RunSelection runs, IReadOnlyCollection<string> add, IReadOnlyCollection<string> remove)
    {
        actor.Require(LabRole.Researcher);
        var tags = TagText.Parse(PersonText.Tags.Take(string.Join(' ', add)));
        var count = await bulk.TagAsync(runs, tags, remove);
        await audit.Add(
            "tag-run",
            Subject(runs, count),
            string.Join(' ', tags.Select(tag => "+" + tag).Concat(remove.Select(tag => "-" + tag)))
        );
        return count;
    }

    /// <summary>Puts runs out of the way, or back, and returns how many changed.</summary>
    public async Task<int> Archive(RunSelection runs, bool archived)
    {
        actor.Require(LabRole.Researcher);
        var count = await bulk.ArchiveAsync(runs, archived);
        await audit.Add(archived ? "archive-run" : "unarchive-run", Subject(runs, count));
        return count;
    }

    /// <summary>Moves a study to the trash or back; its runs are a separate matter.</summary>
    public async Task DeleteStudy(string studyId, bool deleted)
    {
        actor.Require(LabRole.Researcher);
        await studies.DeleteAsync(studyId, deleted);
        await audit.Add(deleted ? "delete-study" : "restore-study", studyId);
    }

    private static string Subject(RunSelection runs, int count) =>
        runs.Ids is { Count: <= 20 } ids ? string.Join(',', ids) : $"{count} runs";
}
