using System.Text.Json;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Shared.Specs;

/// <summary>A draft that repeats the spec of a run.</summary>
/// <param name="Draft">The draft; a blank one when the run cannot be copied.</param>
/// <param name="Run">The run, or null when there is none.</param>
/// <param name="Fault">Why the draft is blank, or null.</param>
public sealed record CopiedSpec(SpecDraft Draft, RunItem? Run, string? Fault)
{
    /// <summary>Copies a run.</summary>
    /// <param name="results">Where runs are read.</param>
    /// <param name="id">Run.</param>
    public static async Task<CopiedSpec> Of(RunDetailQuery results, string id, CancellationToken cancellation = default)
    {
        if (await results.FindAsync(id, cancellation) is not { } run)
        {
            return new(SpecDraft.Blank(), null, $"There is no run {id} to copy.");
        }

        try
        {
            return new(SpecDraft.From(run.SpecJson), run.Run, null);
        }
        catch (JsonException)
        {
            return new(SpecDraft.Blank(), run.Run, "The spec of that run cannot be read; this is a blank form.");
        }
    }
}
