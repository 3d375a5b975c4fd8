using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>A study as its page shows it.</summary>
/// <param name="Item">Name, state of its runs.</param>
/// <param name="Spec">The study.</param>
/// <param name="Runs">Its runs.</param>
/// <param name="Report">What they say so far.</param>
public sealed record StudyView(StudyItem Item, StudySpec Spec, IReadOnlyList<RunItem> Runs, StudyReport Report);

/// <summary>Makes reports of studies from the rows of their runs.</summary>
public sealed class StudyReports(StudyQuery results)
{
    /// <summary>A study with its report, or null when there is none with this id.</summary>
    /// <exception cref="SpecException">It was written by another version and names what this one does not
    /// know.</exception>
    public async Task<StudyView?> FindAsync(string studyId, CancellationToken cancellation = default)
    {
        // SQLite and the summary would hold the page's thread.
        var detail = await Task.Run(() => results.FindAsync(studyId, cancellation), cancellation);
        return detail is null ? null : await Task.Run(() => View(detail), cancellation);
    }

    private static StudyView View(StudyDetail detail)
    {
        var spec = StudySpec.Parse(detail.SpecJson);
        var runs = detail
            .Runs.Select(run => new StudyRun(SpecJson.Parse(run.SpecJson), run.Cells, run.Stages, run.Run.Id))
            .ToList();
        return new(
            detail.Item,
            spec,
            [.. detail.Runs.Select(run => run.Run)],
            StudySummary.Of(spec with { Name = detail.Item.Name }, runs)
        );
    }
}
