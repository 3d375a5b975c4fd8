using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>Finished runs with a few cells of one metric, at FP32.</summary>
public sealed class BoardRuns(IServiceProvider services)
{
    /// <summary>A run of <paramref name="spec"/>; a null value stands for a failed cell.</summary>
    public Task<string> Add(ExperimentSpec spec, string metric, params (string Defense, double? Value)[] cells) =>
        Add(spec, metric, [], cells);

    /// <summary>The same, of which some models turned out to be no victims.</summary>
    public Task<string> Add(
        ExperimentSpec spec,
        string metric,
        IReadOnlyList<VictimState> victims,
        params (string Defense, double? Value)[] cells
    ) =>
        Add(
            spec,
            victims,
            [
                .. cells.Select(cell => new CellResult
                {
                    Id = new(
                        Victim.Backdoored,
                        KnownLabels.ReferencePrecision,
                        cell.Defense.Length == 0 ? null : cell.Defense
                    ),
                    Outcome = cell.Value is null ? Outcome.Failed : Outcome.Value,
                    Reason = cell.Value is null ? "The loss is NaN." : "",
                    Measurements = cell.Value is { } value ? [new(metric, value, 100)] : [],
                }),
            ]
        );

    /// <summary>A run with these cells.</summary>
    public async Task<string> Add(
        ExperimentSpec spec,
        IReadOnlyList<VictimState> victims,
        IReadOnlyList<CellResult> cells
    )
    {
        var run = await services.GetRequiredService<RunStore>().SubmitAsync(RunContent.From(spec, 2, 10));
        var leases = services.GetRequiredService<RunLeases>();
        await leases.TryClaimAsync(run.Id, run.Attempt, "sample", DateTime.UtcNow.AddMinutes(30));
        await services
            .GetRequiredService<RunRecording>()
            .RecordAsync(run.Id, run.Attempt, new RunChanges { Victims = victims, Cells = cells });
        await leases.FinishAsync(run.Id, "sample", new RunEnd(RunState.Succeeded));
        return run.Id;
    }
}
