using System.Linq.Expressions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Filters;

/// <summary>Translates filter and sort column to the database.</summary>
internal static class RunFilters
{
    /// <summary>The runs of a bulk action; picked ones wherever they are, also in the trash.</summary>
    public static IQueryable<Run> Apply(LabDbContext context, RunSelection selection)
    {
        if (selection.Filter is { } filter)
        {
            return Apply(context, filter);
        }

        var ids = selection.Ids!;
        return context.Runs.Where(run => ids.Contains(run.Id));
    }

    public static IQueryable<Run> Apply(LabDbContext context, RunFilter filter)
    {
        IQueryable<Run> runs = context.Runs;
        runs = runs.Where(run => run.Deleted == filter.Deleted);
        if (filter.States.Count > 0)
        {
            runs = runs.Where(run => filter.States.Contains(run.State));
        }

        if (!string.IsNullOrEmpty(filter.Dataset))
        {
            runs = runs.Where(run => run.Dataset == filter.Dataset);
        }

        if (!string.IsNullOrEmpty(filter.Model))
        {
            runs = runs.Where(run => run.Model == filter.Model);
        }

        if (!string.IsNullOrEmpty(filter.Attack))
        {
            runs = runs.Where(run => run.Attack == filter.Attack);
        }

        if (filter.PoisonRate is not null)
        {
            runs = runs.Where(run => run.PoisonRate == filter.PoisonRate);
        }

        if (filter.Archived is not null)
        {
            runs = runs.Where(run => run.Archived == filter.Archived);
        }

        foreach (var condition in filter.Conditions)
        {
            runs = RunConditions.Apply(context, runs, condition);
        }

        foreach (var word in (filter.Text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var pattern = $"%{Escape(word)}%";
            runs = runs.Where(run =>
                EF.Functions.Like(run.Name, pattern, "\\")
                || EF.Functions.Like(run.Id, pattern, "\\")
                || EF.Functions.Like(run.Dataset, pattern, "\\")
                || EF.Functions.Like(run.Model, pattern, "\\")
                || EF.Functions.Like(run.Attack, pattern, "\\")
            );
        }

        return runs;
    }

    /// <summary>Runs that wait, in the order in which they will start.</summary>
    public static IQueryable<Run> InTurn(IQueryable<Run> runs) =>
        runs.Where(run => run.State == RunState.Queued && !run.Deleted)
            .OrderByDescending(run => run.Priority)
            .ThenBy(run => run.Queued)
            .ThenBy(run => run.Id);

    /// <summary>
    /// The id is always the last key, so that pages neither repeat nor skip runs; runs without a sorted number come
    /// last in both directions.
    /// </summary>
    public static IQueryable<Run> Sort(IQueryable<Run> runs, IReadOnlyList<RunSortKey> keys)
    {
        if (keys.Count == 0)
        {
            keys = [new(RunSort.Created, Descending: true)];
        }

        foreach (var (sort, descending) in keys)
        {
            runs = sort switch
            {
                RunSort.Created => Then(runs, run => run.Created, descending),
                RunSort.Name => Then(runs, run => run.Name, descending),
                RunSort.State => Then(runs, run => run.State, descending),
                RunSort.Dataset => Then(runs, run => run.Dataset, descending),
                RunSort.Model => Then(runs, run => run.Model, descending),
                RunSort.Attack => Then(runs, run => run.Attack, descending),
                RunSort.PoisonRate => Then(runs, run => run.PoisonRate, descending),
                RunSort.Seed => Then(runs, run => run.Seed, descending),
                RunSort.Owner => Then(runs, run => run.Owner, descending),
                RunSort.Started => NullsLast(runs, run => run.Started == null, run => run.Started, descending),
                RunSort.Ended => NullsLast(runs, run => run.Ended == null, run => run.Ended, descending),
                RunSort.Elapsed => Then(runs, run => run.ElapsedSeconds, descending),
                RunSort.CleanAccuracy => NullsLast(
                    runs,
                    run => run.CleanAccuracy == null,
                    run => run.CleanAccuracy,
                    descending
                ),
                RunSort.AttackSuccessRate => NullsLast(
                    runs,
                    run => run.AttackSuccessRate == null,
                    run => run.AttackSuccessRate,
                    descending
                ),
                _ => throw new ArgumentOutOfRangeException(nameof(keys), sort, "Not a column to sort by."),
            };
        }

        return Then(runs, run => run.Id, keys[^1].Descending);
    }

    // SQLite takes null for the smallest value, so that falling it is last by itself, and an index on the column gives
    // the order.
    private static IOrderedQueryable<Run> NullsLast<TKey>(
        IQueryable<Run> runs,
        Expression<Func<Run, bool>> isNull,
        Expression<Func<Run, TKey>> key,
        bool descending
    ) => Then(descending ? runs : Then(runs, isNull), key, descending);

    private static IOrderedQueryable<Run> Then<TKey>(
        IQueryable<Run> runs,
        Expression<Func<Run, TKey>> key,
        bool descending = false
    ) =>
        // Every query object of EF claims to be ordered; the expression tells.
        (runs.Expression.Type.IsAssignableTo(typeof(IOrderedQueryable<Run>)), descending) switch
        {
            (true, false) => ((IOrderedQueryable<Run>)runs).ThenBy(key),
            (true, true) => ((IOrderedQueryable<Run>)runs).ThenByDescending(key),
            (false, false) => runs.OrderBy(key),
            (false, true) => runs.OrderByDescending(key),
        };

    public static string Escape(string word) =>
        word.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("%", "\\%", StringComparison.Ordinal)
            .Replace("_", "\\_", StringComparison.Ordinal);
}
