using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using BackdoorLab.Data.Filters;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Queries;

/// <summary>Runs read together.</summary>
public sealed class RunGroupQuery(IDbContextFactory<LabDbContext> contexts)
{
    /// <summary>How many conditions of a group are told.</summary>
    private const int MaxNamedConditions = 6;

    /// <summary>
    /// A page of groups. A group whose runs are of one condition has means over its seeds (<see cref="SeedStat"/>),
    /// whatever became of the runs after they were measured; one of several conditions has a range, for their mean
    /// would be of unlike things.
    /// </summary>
    /// <param name="by">What makes a group.</param>
    /// <param name="page">From 0.</param>
    /// <param name="size">1 to <see cref="RunPage.MaxSize"/>.</param>
    public async Task<RunGroupPage> PageAsync(
        RunFilter filter,
        RunGrouping by,
        int page,
        int size,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        size = Math.Clamp(size, 1, RunPage.MaxSize);
        await using var context = await contexts.CreateDbContextAsync(cancellation);
        await using var snapshot = await context.BeginSnapshotAsync(cancellation);
        var keyed = Keyed(context, RunFilters.Apply(context, filter).AsNoTracking(), by);
        var groups = keyed.GroupBy(row => row.Key);
        var total = await groups.CountAsync(cancellation);
        var shown = await groups
            .Select(group => new
            {
                group.Key,
                Runs = group.Count(),
                Finished = group.Count(row => row.Run.State == RunState.Succeeded),
                Failed = group.Count(row => row.Run.State == RunState.Failed),
                Newest = group.Max(row => row.Run.Created),
                Seconds = group.Sum(row => row.Run.ElapsedSeconds),

                // Any of them says what a configuration is.
                Example = group.Max(row => row.Run.Id)!,
            })
            .OrderByDescending(group => group.Newest)
            .ThenBy(group => group.Key)
            .Skip(Math.Max(0, page) * size)
            .Take(size)
            .ToListAsync(cancellation);

        var keys = shown.Select(group => group.Key).ToList();
        var measured = (
            await keyed
                .Where(row =>
                    keys.Contains(row.Key) && (row.Run.CleanAccuracy != null || row.Run.AttackSuccessRate != null)
                )
                .Select(row => new Measured(
                    row.Key,
                    row.Run.ConditionKey,
                    row.Run.Seed,
                    row.Run.CleanAccuracy,
                    row.Run.AttackSuccessRate,
                    row.Run.BackdooredDamage != ""
                ))
                .ToListAsync(cancellation)
        ).ToLookup(run => run.Key);
        var texts = await BoardPlaces.TextsAsync(
            context,
            [
                .. measured
                    .SelectMany(group => group.Select(run => run.Condition).Distinct().Take(MaxNamedConditions))
                    .Distinct(),
            ],
            cancellation
        );
        var ids = shown.Select(group => group.Example).ToList();
        var examples = await context
            .Runs.AsNoTracking()
            .Where(run => ids.Contains(run.Id))
            .Select(RunItems.ToItem)
            .ToDictionaryAsync(run => run.Id, cancellation);
        return new RunGroupPage(
            [
                .. shown.Select(group =>
                {
                    var victims = measured[group.Key].Where(run => !run.Damaged).ToList();
                    var conditions = victims.Select(run => run.Condition).Distinct().ToList();
                    return new RunGroup
                    {
                        Key = group.Key,
                        Example = examples[group.Example],
                        Runs = group.Runs,
                        Finished = group.Finished,
                        Failed = group.Failed,
                        Newest = group.Newest,
                        Seconds = group.Seconds,
                        Seeds = victims.Select(run => (run.Condition, run.Seed)).Distinct().Count(),
                        Damaged = measured[group.Key].Count(run => run.Damaged),
                        Conditions = conditions.Count,
                        ConditionTexts =
                        [
                            .. conditions.Take(MaxNamedConditions).Select(key => texts.GetValueOrDefault(key, "{}")),
                        ],
                        CleanAccuracy = Figure(victims, run => run.CleanAccuracy),
                        AttackSuccessRate = Figure(victims, run => run.AttackSuccessRate),
                    };
                }),
            ],
            total,
            page,
            size
        );
    }

    private static GroupFigure Figure(List<Measured> runs, Func<Measured, double?> number)
    {
        var values = runs.Where(run => number(run) is not null)
            .Select(run => new SeedValue(run.Condition, run.Seed, number(run)!.Value))
            .ToList();
        return values.Count == 0
            ? new(null, 0, 0, 0)
            : new(
                SeedStat.Of(values)!,
                values.Select(value => value.Condition).Distinct().Count(),
                values.Min(value => value.Value),
                values.Max(value => value.Value)
            );
    }

    private static IQueryable<KeyedRun> Keyed(LabDbContext context, IQueryable<Run> runs, RunGrouping by) =>
        by switch
        {
            RunGrouping.Configuration => runs.Select(run => new KeyedRun { Key = run.ConfigHash, Run = run }),
            RunGrouping.Dataset => runs.Select(run => new KeyedRun { Key = run.Dataset, Run = run }),
            RunGrouping.Model => runs.Select(run => new KeyedRun { Key = run.Model, Run = run }),
            RunGrouping.Attack => runs.Select(run => new KeyedRun { Key = run.Attack, Run = run }),
            RunGrouping.PoisonRate => runs.Select(run => new KeyedRun { Key = run.PoisonRate.ToString(), Run = run }),
            RunGrouping.Seed => runs.Select(run => new KeyedRun { Key = run.Seed.ToString(), Run = run }),
            RunGrouping.State => runs.Select(run => new KeyedRun { Key = (string)(object)run.State, Run = run }),
            RunGrouping.Owner => runs.Select(run => new KeyedRun { Key = run.Owner, Run = run }),
            RunGrouping.Study => runs.Select(run => new KeyedRun { Key = run.StudyId ?? "", Run = run }),

            // A run with two tags is in two groups, one without tags in the group without a name.
            RunGrouping.Tag => from run in runs
            join tag in context.RunTags on run.Id equals tag.RunId into tags
            from tag in tags.DefaultIfEmpty()
            select new KeyedRun { Key = tag == null ? "" : tag.Tag, Run = run },
            _ => throw new ArgumentOutOfRangeException(nameof(by), by, "Not a field to group by."),
        };

    private sealed record Measured(
        string Key,
        string Condition,
        long Seed,
        double? CleanAccuracy,
        double? AttackSuccessRate,
        bool Damaged
    );

    private sealed class KeyedRun
    {
        public required string Key { get; init; }

        public required Run Run { get; init; }
    }
}
