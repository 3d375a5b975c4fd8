using System.Linq.Expressions;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data;

/// <summary>Translates filter, sort column and list row to the database.</summary>
internal static class RunFilters
{
    public static readonly Expression<Func<Run, RunItem>> ToItem = run => new RunItem
    {
        Id = run.Id,
        Name = run.Name,
        State = run.State,
        Dataset = run.Dataset,
        Model = run.Model,
        Attack = run.Attack,
        PoisonRate = run.PoisonRate,
        TargetLabel = run.TargetLabel,
        Seed = run.Seed,
        StudyId = run.StudyId,
        ConfigHash = run.ConfigHash,
        Created = run.Created,
        Queued = run.Queued,
        Started = run.Started,
        Ended = run.Ended,
        Attempt = run.Attempt,
        MaxAttempts = run.MaxAttempts,
        CancelRequested = run.CancelRequested,
        Heartbeat = run.Heartbeat,
        Phase = run.Phase,
        Fraction = run.Fraction,
        EtaSeconds = run.EtaSeconds,
        Error = run.Error,
        EstimatedSeconds = run.EstimatedSeconds,
        ElapsedSeconds = run.ElapsedSeconds,
        CleanAccuracy = run.CleanAccuracy,
        AttackSuccessRate = run.AttackSuccessRate,
        Deleted = run.Deleted,
        Version = run.Version,
    };

    public static IQueryable<Run> Apply(IQueryable<Run> runs, RunFilter filter)
    {
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

        foreach (var word in (filter.Text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var pattern = $"%{Escape(word)}%";
            runs = runs.Where(run => EF.Functions.Like(run.Name, pattern, "\\")
                || EF.Functions.Like(run.Id, pattern, "\\")
                || EF.Functions.Like(run.Dataset, pattern, "\\")
                || EF.Functions.Like(run.Model, pattern, "\\")
                || EF.Functions.Like(run.Attack, pattern, "\\"));
        }

        return runs;
    }

    public static IQueryable<Run> Sort(IQueryable<Run> runs, RunSort sort, bool descending) => sort switch
    {
        RunSort.Created => By(runs, run => run.Created, descending),
        RunSort.Name => By(runs, run => run.Name, descending),
        RunSort.State => By(runs, run => run.State, descending),
        RunSort.Dataset => By(runs, run => run.Dataset, descending),
        RunSort.Model => By(runs, run => run.Model, descending),
        RunSort.Attack => By(runs, run => run.Attack, descending),
        RunSort.PoisonRate => By(runs, run => run.PoisonRate, descending),
        RunSort.Seed => By(runs, run => run.Seed, descending),
        RunSort.Started => By(runs.OrderBy(run => run.Started == null), run => run.Started, descending),
        RunSort.Ended => By(runs.OrderBy(run => run.Ended == null), run => run.Ended, descending),
        RunSort.Elapsed => By(runs, run => run.ElapsedSeconds, descending),
        RunSort.CleanAccuracy => By(runs.OrderBy(run => run.CleanAccuracy == null), run => run.CleanAccuracy, descending),
        RunSort.AttackSuccessRate => By(runs.OrderBy(run => run.AttackSuccessRate == null), run => run.AttackSuccessRate, descending),
        _ => throw new ArgumentOutOfRangeException(nameof(sort), sort, "Not a column to sort by."),
    };

    private static IOrderedQueryable<Run> By<TKey>(IQueryable<Run> runs, Expression<Func<Run, TKey>> key, bool descending) =>
        descending
            ? runs.OrderByDescending(key).ThenByDescending(run => run.Id)
            : runs.OrderBy(key).ThenBy(run => run.Id);

    /// <summary>After the nulls have been sent to the end.</summary>
    private static IOrderedQueryable<Run> By<TKey>(IOrderedQueryable<Run> runs, Expression<Func<Run, TKey>> key, bool descending) =>
        descending
            ? runs.ThenByDescending(key).ThenByDescending(run => run.Id)
            : runs.ThenBy(key).ThenBy(run => run.Id);

    private static string Escape(string word) => word
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("%", "\\%", StringComparison.Ordinal)
        .Replace("_", "\\_", StringComparison.Ordinal);
}
