using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>
/// Whether the runs of a study have changed since it was read. A report is made of all cells of all runs, with an
/// interval for every number: runs of others must not have it made again for every screen that looks.
/// </summary>
internal sealed class StudyNews(RunFeed feed)
{
    private const long Never = -1;

    private long _read = Never;

    /// <summary>Whether a study must be read again; true for one that has not been read.</summary>
    public bool Any(StudyView? study) => study is null || _read == Never || Versions(study) != _read;

    /// <summary>Reads a study and remembers as of when.</summary>
    /// <param name="before">The same study as it was read before, or null.</param>
    /// <param name="read">Reads; null when there is no such study.</param>
    public async Task<StudyView?> Read(StudyView? before, Func<Task<StudyView?>> read)
    {
        // Versions are taken before reading: news that come while reading make the next one read again.
        _read = Never;
        var (all, own) = (feed.Version(null), before is null ? Never : Versions(before));
        var study = await read();

        // Which runs a study has is known only once it was read, so the first time news of any run may have been of one
        // of them.
        _read =
            study is null ? Never
            : before is not null ? own
            : feed.Version(null) == all ? Versions(study)
            : Never;
        return study;
    }

    // Each only grows, and so does their sum.
    private long Versions(StudyView study) => study.Runs.Sum(run => feed.Version(run.Id));
}
