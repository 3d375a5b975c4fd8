using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Jobs;

/// <summary>The demo study of a lab.</summary>
public sealed class DemoRun(RunListQuery queries, RunQueue queue)
{
    private static readonly IReadOnlyCollection<RunState> Usable =
    [
        RunState.Queued,
        RunState.Running,
        RunState.Cancelling,
        RunState.Interrupted,
        RunState.Succeeded,
    ];

    /// <summary>The id of the demo run that is under way or has succeeded; otherwise a new one is queued.</summary>
    /// <param name="spec">What the demo is now; a run of an older version's demo does not count.</param>
    public async Task<string> EnsureAsync(ExperimentSpec spec, CancellationToken cancellation = default)
    {
        var hash = RunContent.ConfigHash(spec);
        var runs = await queries.ListAsync(
            new RunFilter { Text = spec.Name, States = Usable },
            [],
            0,
            RunPage.MaxSize,
            cancellation
        );
        return runs.Items.FirstOrDefault(run => run.ConfigHash == hash && run.Seed == spec.Seed)?.Id
            ?? await queue.SubmitAsync(spec, cancellation: cancellation);
    }
}
