using System.Globalization;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>How a comparison of trigger inversions is run.</summary>
/// <param name="Python">Interpreter that has PyTorch.</param>
/// <param name="Folder">Where victims are kept.</param>
/// <param name="Threads">Kernel threads of both sides.</param>
/// <param name="Schedules">Schedules of our side that run.</param>
/// <param name="TorchClasses">Classes on which the PyTorch loop is timed; 0 is all of them.</param>
/// <param name="TunedClasses">The same for PyTorch with freed memory kept; 0 leaves it out.</param>
internal sealed record InversionOptions(
    string Python,
    string Folder,
    int Threads,
    IReadOnlyList<InversionSchedule> Schedules,
    int TorchClasses,
    int TunedClasses
);

/// <summary>
/// Neural Cleanse on both sides on the same victim, from the same starting points: the engine by either schedule,
/// PyTorch one class after another. The PyTorch loop runs in two halves with ours between them, so that a machine that
/// slows down or recovers hits both.
/// </summary>
internal sealed class InversionComparison(InversionOptions options, InversionPlan plan)
{
    // What the project asks of itself, ResNet-18: at least so many times faster with 10 classes and with 43.
    private static readonly Dictionary<int, double> AskedRatios = new() { [10] = 3, [43] = 5 };

    private static readonly Dictionary<InversionSchedule, string> Names = new()
    {
        [InversionSchedule.Full] = "full schedule",
        [InversionSchedule.ByPromise] = "by promise",
    };

    private readonly string? _missing = Child.MissingPyTorch(options.Python);

    /// <summary>Runs both sides and adds what came out to the report; progress goes to the error stream.</summary>
    public void Run(Report report)
    {
        var victim = VictimSample.Parse(Child.Engine(options.Threads, ["inversion-victim", .. Arguments()]));
        report.Line(
            $"Neural Cleanse, {Report.Name(plan.Net)}, {plan.Classes} classes: {plan.Updates} updates a class of {plan.Batch} images, FP32; victim: clean accuracy {100 * victim.Accuracy:F0} %, attack success {100 * victim.AttackSuccess:F0} %"
        );
        var labels = Enumerable
            .Range(0, options.TorchClasses == 0 ? plan.Classes : Math.Min(options.TorchClasses, plan.Classes))
            .ToArray();
        var half = (labels.Length + 1) / 2;
        var first = PyTorch(victim, labels[..half], keepMemory: false);
        var ours = options.Schedules.ToDictionary(schedule => schedule, Ours);
        var second = PyTorch(victim, labels[half..], keepMemory: false);
        var tuned = PyTorch(victim, labels[..Math.Min(options.TunedClasses, labels.Length)], keepMemory: true);
        report.Line($"");
        report.Line($"| | seconds | processor seconds | updates | flagged | index | smallest norms | norms of those |");
        report.Line($"| --- | --- | --- | --- | --- | --- | --- | --- |");
        var theirs = first is null ? null : Joined(first, second, labels.Length);
        var kept = tuned is null ? null : Joined(tuned, null, tuned.Norms.Length);
        foreach (var (schedule, sample) in ours)
        {
            Row(report, $"BackdoorLab, {Names[schedule]}", sample);
        }

        Row(report, $"PyTorch{Extrapolated(theirs)}", theirs);
        Row(report, $"PyTorch, memory kept{Extrapolated(kept)}", kept);
        report.Line($"");
        foreach (var (schedule, sample) in ours)
        {
            Judge(report, Names[schedule], sample, theirs, kept);
        }

        report.Line($"");
    }

    private void Judge(
        Report report,
        string schedule,
        InversionSample ours,
        InversionSample? theirs,
        InversionSample? kept
    )
    {
        var what = $"{Report.Name(plan.Net)}, {plan.Classes} classes, {schedule} against the loop over classes";
        if (theirs is null)
        {
            report.NotMeasured(what, $"PyTorch is missing ({_missing})");
            return;
        }

        var ratio = theirs.Seconds / ours.Seconds;
        if (plan.Net == "res-net18" && AskedRatios.TryGetValue(plan.Classes, out var bound))
        {
            report.Asked(what, ratio, bound);
        }
        else
        {
            report.Line($"- {what}: {ratio:F2}x");
        }

        var memoryKept = kept is null
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"; against PyTorch with memory kept {kept.ProcessorSeconds / ours.ProcessorSeconds:F2}x"
            );
        report.Line($"  - in processor time: {theirs.ProcessorSeconds / ours.ProcessorSeconds:F2}x{memoryKept}");
        if (theirs.Flagged is null)
        {
            report.Line(
                $"  - same verdict: not claimed, PyTorch searched {theirs.Norms.Length} of {plan.Classes} classes"
            );
            return;
        }

        report.Same("same flagged classes", ours.Flagged!.SequenceEqual(theirs.Flagged));
        report.Same("same order of the three smallest norms", ours.Smallest.SequenceEqual(theirs.Smallest));
    }

    private InversionSample Ours(InversionSchedule schedule)
    {
        var sample = InversionSample.Parse(
            Child.Engine(options.Threads, ["inversion-search", .. Arguments(), "--schedule", schedule.ToString()])
        );
        Progress($"BackdoorLab, {Names[schedule]}", sample);
        return sample;
    }

    private InversionSample? PyTorch(VictimSample victim, int[] labels, bool keepMemory)
    {
        if (_missing is not null || labels.Length == 0)
        {
            return null;
        }

        var defense = plan.Defense(InversionSchedule.Full);
        var sample = InversionSample.Parse(
            Child.Python(
                options.Python,
                "pytorch_inversion.py",
                options.Threads,
                keepMemory,
                [
                    "--net",
                    plan.Net,
                    "--file",
                    victim.File,
                    "--threads",
                    Text(options.Threads),
                    "--learning-rate",
                    Text(defense.LearningRate),
                    "--initial-cost",
                    Text(defense.InitialCost),
                    "--patience",
                    Text(defense.Patience),
                    "--multiplier",
                    Text(defense.CostMultiplier),
                    "--threshold",
                    Text(defense.SuccessThreshold),
                    "--labels",
                    .. labels.Select(label => Text(label)),
                ]
            )
        );
        Progress($"PyTorch, {labels.Length} classes{(keepMemory ? ", memory kept" : "")}", sample);
        return sample;
    }

    /// <summary>
    /// Both halves as one; where classes were left out, times and updates are those of all classes at the same pace.
    /// </summary>
    private InversionSample Joined(InversionSample first, InversionSample? second, int searched)
    {
        double[] norms = [.. first.Norms, .. second?.Norms ?? []];
        bool[] reached = [.. first.Reached!, .. second?.Reached ?? []];
        var share = (double)searched / plan.Classes;
        var whole = searched == plan.Classes;
        var outliers = NormOutliers.Of(norms, reached);
        return new(
            (first.Seconds + (second?.Seconds ?? 0)) / share,
            (first.ProcessorSeconds + (second?.ProcessorSeconds ?? 0)) / share,
            norms,
            reached,
            whole
                ?
                [
                    .. Enumerable
                        .Range(0, norms.Length)
                        .Where(label => reached[label] && outliers.Indices[label] > NormOutliers.Cut),
                ]
                : null,
            whole ? outliers.Indices[outliers.Smallest] : null,
            (int)Math.Round((first.Updates + (second?.Updates ?? 0)) / share),
            first.Library
        );
    }

    private string Extrapolated(InversionSample? sample) =>
        sample is null || sample.Norms.Length == plan.Classes
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $", extrapolated from {sample.Norms.Length} of {plan.Classes} classes"
            );

    private static void Row(Report report, string name, InversionSample? sample)
    {
        if (sample is null)
        {
            return;
        }

        var (flagged, index, smallest, norms) = sample.Flagged is null
            ? ("-", "-", "-", "-")
            : (
                Joined(sample.Flagged),
                string.Create(CultureInfo.InvariantCulture, $"{sample.Index:F1}"),
                Joined(sample.Smallest),
                Joined(
                    sample.Smallest.Select(label => sample.Norms[label].ToString("F1", CultureInfo.InvariantCulture))
                )
            );
        report.Line(
            $"| {name} ({sample.Library}) | {sample.Seconds:F0} | {sample.ProcessorSeconds:F0} | {sample.Updates} | {flagged} | {index} | {smallest} | {norms} |"
        );
    }

    private string[] Arguments() =>
        [
            "--folder",
            options.Folder,
            "--net",
            plan.Net,
            "--classes",
            Text(plan.Classes),
            "--updates",
            Text(plan.Updates),
            "--batch",
            Text(plan.Batch),
            "--threads",
            Text(options.Threads),
        ];

    private static void Progress(string what, InversionSample sample) =>
        Console.Error.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {sample.Seconds:F1} s, {sample.ProcessorSeconds:F1} processor seconds"
            )
        );

    private static string Joined<T>(IEnumerable<T> values) =>
        string.Join(", ", values) is { Length: > 0 } text ? text : "none";

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
