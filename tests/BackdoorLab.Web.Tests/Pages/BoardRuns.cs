using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Runs;

namespace BackdoorLab.Web.Tests.Pages;

/// <summary>Finished runs with a few cells of one metric, at FP32.</summary>
public sealed class BoardRuns(RunStore store)
{
    /// <summary>A run of <paramref name="spec"/>; a null value stands for a failed cell.</summary>
    public Task<string> Add(ExperimentSpec spec, string metric, params (string Defense, double? Value)[] cells) => Add(spec, metric, [], cells);

    /// <summary>The same, of which some models turned out to be no victims.</summary>
    public Task<string> Add(ExperimentSpec spec, string metric, IReadOnlyList<VictimState> victims, params (string Defense, double? Value)[] cells) => Add(
        spec,
        victims,
        [
            .. cells.Select(cell => new CellResult
            {
                Id = new(Victim.Backdoored, KnownLabels.ReferencePrecision, cell.Defense.Length == 0 ? null : cell.Defense),
                Outcome = cell.Value is null ? Outcome.Failed : Outcome.Value,
                Reason = cell.Value is null ? "The loss is NaN." : "",
                Measurements = cell.Value is { } value ? [new(metric, value, 100)] : [],
            }),
        ]);

    /// <summary>A run with these cells.</summary>
    public async Task<string> Add(ExperimentSpec spec, IReadOnlyList<VictimState> victims, IReadOnlyList<CellResult> cells)
    {
        var id = await store.CreateAsync(RunContent.From(spec, 2, 10));
        var run = (await store.EnqueueAsync(id))!;
        await store.TryClaimAsync(id, run.Attempt, "sample", DateTime.UtcNow.AddMinutes(30));
        await store.RecordAsync(id, run.Attempt, new RunChanges { Victims = victims, Cells = cells });
        await store.FinishAsync(id, "sample", new RunEnd(RunState.Succeeded));
        return id;
    }
}
