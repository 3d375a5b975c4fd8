using System.Linq.Expressions;
using BackdoorLab.Data.Database;
using BackdoorLab.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace BackdoorLab.Data.Filters;

/// <summary>Translates conditions to the database.</summary>
internal static class RunConditions
{
    public static IQueryable<Run> Apply(LabDbContext context, IQueryable<Run> runs, RunCondition condition)
    {
        var meets = Of(context, condition);
        return runs.Where(
            condition.Negated ? Expression.Lambda<Func<Run, bool>>(Expression.Not(meets.Body), meets.Parameters) : meets
        );
    }

    private static Expression<Func<Run, bool>> Of(LabDbContext context, RunCondition condition) =>
        condition.Field switch
        {
            RunField.Id => Text(condition, run => run.Id, prefix: true),
            RunField.Name => Text(condition, run => run.Name),
            RunField.State => States(condition),
            RunField.Dataset => Text(condition, run => run.Dataset),
            RunField.Model => Text(condition, run => run.Model),
            RunField.Attack => Text(condition, run => run.Attack),
            RunField.Tag => Tagged(context, condition),
            RunField.Owner => Text(condition, run => run.Owner),
            RunField.Study => Text(condition, run => run.StudyId!, prefix: true),
            RunField.Config => Text(condition, run => run.ConfigHash, prefix: true),
            RunField.Condition => Text(condition, run => run.ConditionKey, prefix: true),
            RunField.Seed => Compare(condition.Comparison, run => run.Seed, (long)condition.Number),
            RunField.PoisonRate => Compare(condition.Comparison, run => run.PoisonRate, condition.Number),
            RunField.CleanAccuracy => Compare(
                condition.Comparison,
                run => run.CleanAccuracy,
                (double?)condition.Number
            ),
            RunField.AttackSuccessRate => Compare(
                condition.Comparison,
                run => run.AttackSuccessRate,
                (double?)condition.Number
            ),
            RunField.Seconds => Compare(condition.Comparison, run => run.ElapsedSeconds, condition.Number),
            RunField.Created => Day(context, condition),
            _ => throw new ArgumentOutOfRangeException(nameof(condition), condition.Field, "Not a field to filter by."),
        };

    private static Expression<Func<Run, bool>> States(RunCondition condition)
    {
        var states = condition.Texts.Select(EnumName.Read<RunState>).OfType<RunState>().ToList();
        return run => states.Contains(run.State);
    }

    private static Expression<Func<Run, bool>> Tagged(LabDbContext context, RunCondition condition)
    {
        var tags = condition.Texts;

        // As a list of runs that the index on tags gives at once, and not as a question put to every run.
        return run => context.RunTags.Where(tag => tags.Contains(tag.Tag)).Select(tag => tag.RunId).Contains(run.Id);
    }

    private static Expression<Func<Run, bool>> Text(
        RunCondition condition,
        Expression<Func<Run, string>> field,
        bool prefix = false
    )
    {
        Expression<Func<Run, bool>>? any = null;
        foreach (var text in condition.Texts)
        {
            var one =
                condition.Comparison == RunComparison.Equal
                    ? Equal(field, text)
                    : Like(field, (prefix ? "" : "%") + RunFilters.Escape(text) + "%");
            any = any is null
                ? one
                : Expression.Lambda<Func<Run, bool>>(Expression.OrElse(any.Body, one.Body), one.Parameters);
        }

        return any ?? throw new ArgumentException("A condition on text needs a text.", nameof(condition));
    }

    private static Expression<Func<Run, bool>> Equal(Expression<Func<Run, string>> field, string text) =>
        Expression.Lambda<Func<Run, bool>>(Expression.Equal(Field(field), Parameter(text)), Subject);

    private static Expression<Func<Run, bool>> Like(Expression<Func<Run, string>> field, string pattern) =>
        Expression.Lambda<Func<Run, bool>>(
            Expression.Call(
                typeof(DbFunctionsExtensions),
                nameof(DbFunctionsExtensions.Like),
                [],
                Expression.Constant(EF.Functions),
                Field(field),
                Parameter(pattern),
                Expression.Constant("\\")
            ),
            Subject
        );

    // A day is an interval: "created:2026-11-24" is all of it, "created>2026-11-24" what came after its end.
    private static Expression<Func<Run, bool>> Day(LabDbContext context, RunCondition condition)
    {
        var begin = condition.DaysAgo is { } days
            ? context.Time.GetUtcNow().UtcDateTime.Date.AddDays(-days)
            : condition.Time;
        var end = begin.AddDays(1);
        return condition.Comparison switch
        {
            RunComparison.Less => run => run.Created < begin,
            RunComparison.AtMost => run => run.Created < end,
            RunComparison.Greater => run => run.Created >= end,
            RunComparison.AtLeast => run => run.Created >= begin,
            _ => run => run.Created >= begin && run.Created < end,
        };
    }

    private static Expression<Func<Run, bool>> Compare<T>(
        RunComparison comparison,
        Expression<Func<Run, T>> field,
        T value
    ) =>
        Expression.Lambda<Func<Run, bool>>(
            Expression.MakeBinary(
                comparison switch
                {
                    RunComparison.Less => ExpressionType.LessThan,
                    RunComparison.AtMost => ExpressionType.LessThanOrEqual,
                    RunComparison.Greater => ExpressionType.GreaterThan,
                    RunComparison.AtLeast => ExpressionType.GreaterThanOrEqual,
                    _ => ExpressionType.Equal,
                },
                Field(field),
                Parameter(value)
            ),
            Subject
        );

    private static readonly ParameterExpression Subject = Expression.Parameter(typeof(Run), "run");

    private static Expression Field<T>(Expression<Func<Run, T>> field) =>
        new Exchange(field.Parameters[0]).Visit(field.Body);

    // A member of a captured object becomes a parameter of the statement; a constant would make a new statement of
    // every value.
    private static Expression Parameter<T>(T value) =>
        Expression.Field(Expression.Constant(new Captured<T>(value)), nameof(Captured<>.Value));

    private sealed class Captured<T>(T value)
    {
        public readonly T Value = value;
    }

    private sealed class Exchange(ParameterExpression own) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == own ? Subject : node;
    }
}
