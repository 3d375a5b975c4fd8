using System.Diagnostics;
using System.Globalization;
using BackdoorLab.Data;

namespace BackdoorLab.DashboardBenchmarks;

/// <summary>
/// Times what pages ask of the database and holds it against the budgets. All times are of the server, warm, in
/// milliseconds.
/// </summary>
internal sealed class Budgets(
    RunListQuery runs,
    RunDetailQuery details,
    RunGroupQuery groups,
    RunFacetQuery facets,
    BoardQuery boards,
    CompareQuery comparisons
)
{
    private const int Repeats = 5;

    /// <summary>Figures over their budget.</summary>
    public int Missed { get; private set; }

    /// <summary>Measures one database.</summary>
    public async Task Run()
    {
        var lists = new List<(string What, double Milliseconds)>();
        foreach (var (filterName, filter) in Filters())
        {
            foreach (var sort in Enum.GetValues<RunSort>())
            {
                foreach (var descending in new[] { true, false })
                {
                    lists.Add(
                        (
                            $"{filterName}, by {sort}",
                            await Median(() => runs.ListAsync(filter, [new(sort, descending)], 0, 25))
                        )
                    );
                }
            }
        }

        var ordered = lists.OrderBy(list => list.Milliseconds).ToList();
        Say(
            "first page of Runs, any one filter and sort, p95",
            ordered[(int)Math.Ceiling(ordered.Count * 0.95) - 1].Milliseconds,
            300,
            $"{lists.Count} combinations; slowest {ordered[^1].Milliseconds.ToString("F0", CultureInfo.InvariantCulture)} ms: {ordered[^1].What}"
        );

        var middle = (await runs.ListAsync(new RunFilter(), [], 0, 1)).Total / 50;
        Say(
            "the page in the middle of Runs",
            await Median(() => runs.ListAsync(new RunFilter(), [], middle, 25)),
            300,
            ""
        );
        foreach (var by in new[] { RunGrouping.Configuration, RunGrouping.Attack, RunGrouping.Tag })
        {
            Say(
                $"Runs by {by}, first page",
                await Median(() => groups.PageAsync(new RunFilter { Archived = false }, by, 0, 25)),
                1000,
                ""
            );
        }

        var finished = (await runs.ListAsync(new RunFilter { States = [RunState.Succeeded] }, [], 0, 1)).Items[0];
        Say("page of a finished run", await Median(() => details.FindAsync(finished.Id)), 500, "");
        var choices = await boards.ChoicesAsync(null, null, null);
        var board = new BoardFilter
        {
            Dataset = choices.Dataset!,
            Model = choices.Model!,
            PoisonRate = choices.Rate,
            Metric = Metric.AttackSuccessRate.Id,
            TwinMetric = Metric.AttackSuccessRate.Id,
        };
        Say(
            "leaderboard 16 x 16: choices and board",
            await Median(async () => (await boards.ChoicesAsync(null, null, null), await boards.ReadAsync(board))),
            1000,
            ""
        );
        List<string> compared =
        [
            .. (
                await runs.ListAsync(new RunFilter { States = [RunState.Succeeded] }, [], 0, CompareQuery.MaxRuns)
            ).Items.Select(run => run.Id),
        ];
        Say("compare 100 runs", await Median(() => comparisons.ReadAsync(compared)), 2000, "");
        Say(
            "Overview: counts, latest, filters",
            await Median(async () =>
                (await facets.CountsAsync(), await runs.LatestFinishedAsync(8), await facets.FilterValuesAsync())
            ),
            300,
            ""
        );
    }

    private static IEnumerable<(string Name, RunFilter Filter)> Filters()
    {
        yield return ("no filter", new());
        yield return ("a word", new() { Text = "sweep" });
        yield return ("a rare word", new() { Text = "zzz" });
        yield return ("state", new() { States = [RunState.Failed] });
        yield return ("data set", new() { Dataset = "gtsrb" });
        yield return ("model", new() { Model = "res-net18" });
        yield return ("attack", new() { Attack = "badnets" });
        yield return ("not archived", new() { Archived = false });
        foreach (
            var text in new[]
            {
                "tag:paper",
                "-tag:paper",
                "owner:anna",
                "asr>90%",
                "ca<0.8",
                "rate:10%",
                "seed:3",
                "created>=2026-03-01",
                "seconds>600",
                "attack:badnets,blended",
            }
        )
        {
            yield return (text, new() { Conditions = RunQueryText.Parse(text).Conditions });
        }
    }

    private void Say(string what, double milliseconds, double budget, string detail)
    {
        var met = milliseconds <= budget;
        Missed += met ? 0 : 1;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"- {what}: {milliseconds:F0} ms (budget {budget:F0} ms) {(met ? "met" : "MISSED")}{(detail.Length > 0 ? "; " + detail : "")}"
            )
        );
    }

    private static async Task<double> Median<T>(Func<Task<T>> query)
    {
        await query();
        var times = new List<double>();
        for (var i = 0; i < Repeats; i++)
        {
            var watch = Stopwatch.StartNew();
            await query();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        return times[Repeats / 2];
    }
}
