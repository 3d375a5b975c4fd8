using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>States and names of runs in words.</summary>
public static class RunWords
{
    /// <summary>States that a filter offers.</summary>
    public static IReadOnlyList<RunState> Filterable { get; } =
    [
        RunState.Running,
        RunState.Queued,
        RunState.Succeeded,
        RunState.Failed,
        RunState.Cancelled,
        RunState.Interrupted,
        RunState.Draft,
    ];

    /// <summary>The state in words.</summary>
    public static string State(RunState state) =>
        state switch
        {
            RunState.Succeeded => "Finished",
            _ => state.ToString(),
        };

    /// <summary>What groups are made of, in words.</summary>
    public static string Grouping(RunGrouping by) =>
        by switch
        {
            RunGrouping.Dataset => "Data set",
            RunGrouping.PoisonRate => "Poison rate",
            _ => by.ToString(),
        };

    /// <summary>What the runs of a group share, in words; "none" where they share that they have none.</summary>
    public static string Group(RunGrouping by, RunGroup group) =>
        by switch
        {
            _ when group.Key.Length == 0 => "none",
            RunGrouping.Configuration => Name(group.Example),
            RunGrouping.Dataset or RunGrouping.Model or RunGrouping.Attack => KindWords.Label(group.Key),
            RunGrouping.State => State(Enum.Parse<RunState>(group.Key)),
            RunGrouping.PoisonRate => Numbers.Percent(group.Example.PoisonRate),
            _ => group.Key,
        };

    /// <summary>
    /// The poison rate as achieved, with the one asked for where it is another: "17.1% (asked 40%)"; the latter alone
    /// before the run has begun.
    /// </summary>
    public static string Rate(RunItem run)
    {
        var asked = Numbers.Percent(run.PoisonRate);
        return run.PoisonedShare is { } share && Numbers.Percent(share) != asked
            ? $"{Numbers.Percent(share)} (asked {asked})"
            : asked;
    }

    /// <summary>"BadNets 10% · GTSRB · ResNet-8".</summary>
    public static string Setting(RunItem run) =>
        $"{KindWords.Label(run.Attack)} {(IsCheck(run) ? "(check)" : Rate(run))} · {KindWords.Label(run.Dataset)} · {KindWords.Label(run.Model)}";

    /// <summary>
    /// "91.2 ± 0.8%" of shares; "61.0% to 94.2%" where the runs are of several conditions, which have no mean; a dash
    /// without any.
    /// </summary>
    public static string Figure(GroupFigure figure) =>
        figure switch
        {
            { All: null } => "–",
            { Stat: { StandardDeviation: { } deviation } stat } => string.Create(
                CultureInfo.InvariantCulture,
                $"{100 * stat.Mean:0.0} ± {100 * deviation:0.0}%"
            ),
            { Stat: { } stat } => Numbers.Percent(stat.Mean),
            _ => $"{Numbers.Percent(figure.Minimum)} to {Numbers.Percent(figure.Maximum)}",
        };

    /// <summary>
    /// "n = 3", "n = 3, repeats disagree: 89.2% to 94.2%", "3 conditions, no mean"; empty without a number.
    /// </summary>
    public static string Counted(GroupFigure figure) =>
        figure switch
        {
            { All: null } => "",
            { Stat: { } stat } => string.Join(
                ", ",
                new[]
                {
                    FormattableString.Invariant($"n = {stat.N}"),
                    SeedWords.Disagreement(Metric.CleanAccuracy, stat),
                }.Where(part => part.Length > 0)
            ),
            _ => $"{Numbers.Count(figure.Conditions, "condition")}, no mean",
        };

    /// <summary>What the conditions of a group differ in, some of them; empty where there is one.</summary>
    public static IReadOnlyList<string> Conditions(RunGroup group) =>
        group.Conditions < 2
            ? []
            : [.. ConditionTitles.Of([.. group.ConditionTexts.Select(text => new ConditionOf("", text))])];

    /// <summary>Tone of the state's badge.</summary>
    public static string Tone(RunState state) =>
        state switch
        {
            RunState.Running or RunState.Cancelling => "info live",
            RunState.Failed => "bad",
            RunState.Interrupted => "warn",
            _ => "",
        };

    /// <summary>Class of the tile that stands for a run in a grid.</summary>
    public static string Tile(RunItem run) =>
        run.State switch
        {
            RunState.Succeeded => "done",
            RunState.Failed => "failed",
            RunState.Running or RunState.Cancelling => "now",
            RunState.Interrupted => "warn",
            RunState.Cancelled => "none",
            _ => "waiting",
        };

    /// <summary>The name, or what the run is when it has none.</summary>
    public static string Name(RunItem run) =>
        run.Name.Length > 0 ? run.Name
        : IsCheck(run) ? $"Check of a {KindWords.Label(run.Model)}"
        : $"{KindWords.Label(run.Attack)} on {KindWords.Label(run.Dataset)}";

    /// <summary>"BadNets 10% · GTSRB · ResNet-8 · seed 1".</summary>
    public static string What(RunItem run) =>
        IsCheck(run)
            ? $"Check of a model from a file · {KindWords.Label(run.Dataset)} · {KindWords.Label(run.Model)} · seed {run.Seed}"
            : $"{KindWords.Label(run.Attack)} {(run.PoisonRate > 0 ? Rate(run) : "(benign)")} · {KindWords.Label(run.Dataset)} · {KindWords.Label(run.Model)} · seed {run.Seed}";

    /// <summary>Whether a model from a file was put to the test, and nothing trained.</summary>
    public static bool IsCheck(RunItem run) => run.Attack == KnownLabels.UnknownAttack;

    /// <summary>Whether it has a worker.</summary>
    public static bool IsActive(RunState state) => state is RunState.Running or RunState.Cancelling;

    /// <summary>Whether it may be asked to stop.</summary>
    public static bool CanCancel(RunState state) =>
        state is RunState.Queued or RunState.Running or RunState.Interrupted;

    /// <summary>Whether it has ended without success and may be started again.</summary>
    public static bool CanRetry(RunState state) =>
        state is RunState.Failed or RunState.Cancelled or RunState.Interrupted or RunState.Draft;

    /// <summary>Wall time so far.</summary>
    public static double Elapsed(RunItem run, DateTime now) =>
        IsActive(run.State) && run.Started is { } started
            ? run.ElapsedSeconds + Math.Max(0, (now - started).TotalSeconds)
            : run.ElapsedSeconds;
}
