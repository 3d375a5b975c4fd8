using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>What is to be done for missing cells of one attack.</summary>
/// <param name="Attack">Attack, with the condition where the board has several.</param>
/// <param name="Cells">Number of cells that are missing.</param>
/// <param name="New">Runs to make, one for each seed of the configuration they extend.</param>
/// <param name="Again">Runs that planned the cells and ended before them.</param>
/// <param name="UnderWay">Runs with the cells that are queued or running already.</param>
/// <param name="Seconds">Estimate for all of them if nothing were in the store.</param>
/// <param name="Fault">Why nothing can be done; empty otherwise.</param>
public sealed record MissingRow(
    string Attack,
    int Cells,
    IReadOnlyList<ExperimentSpec> New,
    IReadOnlyList<RunItem> Again,
    int UnderWay,
    double Seconds,
    string Fault = ""
)
{
    /// <summary>Runs to queue.</summary>
    public int Runs => New.Count + Again.Count;
}

/// <summary>
/// Fills gaps of a leaderboard. The newest run of a row, and so of its condition, is repeated, for every seed of its
/// configuration, with the missing defenses and precisions added as the runs that have them were configured; whatever
/// it shares with earlier runs comes from the store.
/// </summary>
public sealed class MissingCells(
    BoardCellQuery boardCells,
    RunDetailQuery results,
    RunListQuery runs,
    RunDesk desk,
    SpeedProbe speed
)
{
    /// <summary>What would be queued.</summary>
    public async Task<IReadOnlyList<MissingRow>> Plan(BoardView view, CancellationToken cancellation)
    {
        var filter = view.Board.Filter;
        var missing = view.Missing();
        if (missing.Count == 0)
        {
            return [];
        }

        var sources = await boardCells.SourcesAsync(filter, cancellation);
        var groups = missing
            .Select(cell =>
                (
                    cell.Row,
                    cell.Defense,
                    Base: sources.Bases.FirstOrDefault(run =>
                        view.Board.Conditions.TryGetValue(cell.Row, out var row) && row.RunIds.Contains(run.RunId)
                    )
                )
            )
            .GroupBy(cell =>
                (Row: filter.Rows == BoardRows.Attacks ? view.Name(cell.Row, label => label) : filter.Attack, cell.Base)
            )
            .Select(group =>
                (Attack: group.Key.Row, Cells: group.Select(cell => (cell.Row, cell.Defense)).ToList(), group.Key.Base)
            )
            .ToList();
        var wanted = groups
            .Select(group => group.Base?.RunId)
            .OfType<string>()
            .Concat(sources.Defenses.Values)
            .Concat(sources.Precisions.Values)
            .Distinct()
            .ToList();
        var parts = new Parts(sources, Parse(await results.SpecsAsync(wanted, cancellation)));

        var rows = new List<MissingRow>();
        foreach (var (attack, cells, origin) in groups)
        {
            var precisions =
                filter.Rows == BoardRows.Attacks
                    ? [filter.Precision]
                    : cells.Select(cell => view.Board.LabelOf(cell.Row)).Distinct();
            var (spec, fault) = parts.Extend(origin?.RunId, precisions, cells.Select(cell => cell.Defense).Distinct());
            rows.Add(
                spec is null
                    ? new(attack, cells.Count, [], [], 0, 0, fault)
                    : await Row(
                        attack,
                        cells.Count,
                        spec,
                        sources
                            .Bases.Where(run => run.ConfigHash == origin!.ConfigHash)
                            .Select(run => run.Seed)
                            .Distinct(),
                        cancellation
                    )
            );
        }

        return rows;
    }

    /// <summary>Queues a plan; returns the number of runs.</summary>
    public async Task<int> Queue(IEnumerable<MissingRow> rows, CancellationToken cancellation)
    {
        var count = 0;
        foreach (var row in rows)
        {
            foreach (var spec in row.New)
            {
                await desk.Submit(spec, speed.Estimate(spec).Seconds, cancellation);
                count++;
            }

            foreach (var run in row.Again)
            {
                count += await desk.Retry(run.Id) ? 1 : 0;
            }
        }

        return count;
    }

    // A spec that exists as a run is not submitted a second time: it is resumed, or waited for.
    private async Task<MissingRow> Row(
        string attack,
        int cells,
        ExperimentSpec spec,
        IEnumerable<long> seeds,
        CancellationToken cancellation
    )
    {
        var existing = (await runs.OfConfigurationsAsync([RunContent.ConfigHash(spec)], cancellation)).ToLookup(run =>
            run.Seed
        );
        var fresh = new List<ExperimentSpec>();
        var again = new List<RunItem>();
        var (underWay, finished) = (0, 0);
        foreach (var seed in seeds.Order())
        {
            if (
                existing[seed].FirstOrDefault(run => RunWords.CanCancel(run.State) || RunWords.IsActive(run.State))
                is not null
            )
            {
                underWay++;
            }
            else if (existing[seed].FirstOrDefault(run => RunWords.CanRetry(run.State)) is { } broken)
            {
                again.Add(broken);
            }
            else if (existing[seed].Any())
            {
                finished++;
            }
            else
            {
                fresh.Add(spec with { Seed = (int)seed });
            }
        }

        var fault =
            fresh.Count + again.Count + underWay == 0 && finished > 0
                ? "Runs with these cells have finished: without them, or in another condition (data, threads); their pages say which."
                : "";
        var seconds = await Task.Run(() => speed.Estimate(spec).Seconds, cancellation);
        return new(attack, cells, fresh, again, underWay, seconds * (fresh.Count + again.Count), fault);
    }

    private static Dictionary<string, ExperimentSpec?> Parse(IReadOnlyDictionary<string, string> specs) =>
        specs.ToDictionary(
            entry => entry.Key,
            entry => SpecSection.Parse(entry.Value) is { } document ? SpecJson.Read(document).Spec : null
        );

    private sealed class Parts(BoardSources sources, IReadOnlyDictionary<string, ExperimentSpec?> specs)
    {
        /// <summary>The spec of a run with these precisions and defenses added, or why there is none.</summary>
        public (ExperimentSpec? Spec, string Fault) Extend(
            string? runId,
            IEnumerable<string> precisions,
            IEnumerable<string> defenses
        )
        {
            if (runId is null || specs.GetValueOrDefault(runId) is not { } spec)
            {
                return (
                    null,
                    runId is null
                        ? "No run of this attack to start from."
                        : "The newest run's spec is of another version of this program."
                );
            }

            var unknown = new List<string>();
            var extended = spec with
            {
                Precisions = Add(spec.Precisions, precisions, sources.Precisions, other => other.Precisions, unknown),
                Defenses = Add(
                    spec.Defenses,
                    defenses.Where(label => label != KnownLabels.Undefended),
                    sources.Defenses,
                    other => other.Defenses,
                    unknown
                ),
            };
            return unknown.Count > 0
                ? (null, $"No spec says how {string.Join(", ", unknown.Select(KindWords.Label))} is configured.")
                : (extended, "");
        }

        private IReadOnlyList<T> Add<T>(
            IReadOnlyList<T> own,
            IEnumerable<string> labels,
            IReadOnlyDictionary<string, string> donors,
            Func<ExperimentSpec, IReadOnlyList<T>> part,
            List<string> unknown
        )
            where T : Method
        {
            var all = own.ToList();
            foreach (var label in labels.Where(label => !own.Any(method => Label(method) == label)))
            {
                if (
                    donors.TryGetValue(label, out var donor)
                    && specs.GetValueOrDefault(donor) is { } spec
                    && part(spec).FirstOrDefault(method => Label(method) == label) is { } found
                )
                {
                    all.Add(found);
                }
                else
                {
                    unknown.Add(label);
                }
            }

            return all;
        }

        private static string Label(Method method) => MethodCatalog.Default.Label(method);
    }
}
