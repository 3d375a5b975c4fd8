using System.Globalization;
using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Benchmarks;

/// <summary>The printed result: rates of both sides, their ratios, and each asked figure with met or missed.</summary>
internal sealed class Report
{
    private readonly StringBuilder _text = new();

    /// <summary>Asked figures that were measured and missed, and verdicts that differ.</summary>
    public int Missed { get; private set; }

    public void Header(ComparisonOptions options, Comparison comparison)
    {
        Line($"{comparison.Libraries}");
        Machine(options.Threads);
        Line(
            $"batch {options.Batch}, 32x32x3; {options.Rounds} rounds of about {options.Seconds} s per training; medians, range in brackets"
        );
        if (comparison.MissingPyTorch is { } reason)
        {
            Line(
                $"PyTorch is missing ({reason}); install it (Debian: python3-torch) or name an interpreter with --python."
            );
        }

        Line($"");
    }

    /// <summary>The processor and what it can do.</summary>
    public void Machine(int threads) =>
        Line(
            $"{TorchRuntime.ProcessorName}, {threads} threads; bfloat16 instructions: {YesNo(TorchRuntime.HasBFloat16Instructions)}, VNNI: {YesNo(TorchRuntime.HasVnniInstructions)}"
        );

    public void Rates(ComparisonOptions options, Comparison comparison)
    {
        Line(
            $"| images/s | BackdoorLab FP32 | PyTorch FP32 (eager, NCHW) | BackdoorLab BF16 | PyTorch BF16 (autocast, channels-last) | PyTorch FP32, memory kept | PyTorch BF16, memory kept |"
        );
        Line($"| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var net in options.Nets)
        {
            foreach (var training in new[] { true, false })
            {
                var cells = Enum.GetValues<Side>().Select(side => Rate(comparison.Rates(net, side, training)));
                Line($"| {Name(net)} {Pass(training)} | {string.Join(" | ", cells)} |");
            }
        }

        Line($"");
    }

    public void Ratios(ComparisonOptions options, Comparison comparison)
    {
        Line(
            $"| ratio (above 1: BackdoorLab is faster) | BF16 : PyTorch FP32 | BF16 : PyTorch BF16 | FP32 : PyTorch FP32 | BF16 : BF16, memory kept | FP32 : FP32, memory kept |"
        );
        Line($"| --- | --- | --- | --- | --- | --- |");
        foreach (var net in options.Nets)
        {
            foreach (var training in new[] { true, false })
            {
                Line(
                    $"| {Name(net)} {Pass(training)} | {Ratio(Side.OursBFloat16, Side.PyTorchFloat32)} | {Ratio(Side.OursBFloat16, Side.PyTorchBFloat16)} | {Ratio(Side.OursFloat32, Side.PyTorchFloat32)} | {Ratio(Side.OursBFloat16, Side.TunedPyTorchBFloat16)} | {Ratio(Side.OursFloat32, Side.TunedPyTorchFloat32)} |"
                );

                string Ratio(Side ours, Side theirs)
                {
                    var ratio = comparison.Ratio(net, ours, theirs, training);
                    return double.IsNaN(ratio) ? "-" : ratio.ToString("F2", CultureInfo.InvariantCulture);
                }
            }
        }

        Line($"");
    }

    /// <summary>Forward rates of one net at three precisions.</summary>
    public void Precisions(string net, PrecisionSample forward) =>
        Line(
            $"- {Name(net)} forward, images/s: FP32 {forward.Float32:F0}, BF16 {forward.BFloat16:F0}, INT8 static {forward.Int8Static:F0}"
        );

    /// <summary>One asked figure: at least, or at most, so much.</summary>
    public void Asked(string what, double measured, double bound, bool atLeast = true, string unit = "x")
    {
        if (double.IsNaN(measured))
        {
            Line($"- {what}: not measured");
            return;
        }

        var met = atLeast ? measured >= bound : measured <= bound;
        Missed += met ? 0 : 1;
        Line(
            $"- {what}: {measured:F2}{unit}, asked at {(atLeast ? "least" : "most")} {bound:0.##}{unit}: {(met ? "met" : "MISSED")}"
        );
    }

    /// <summary>An asked figure that cannot be measured here, with the reason.</summary>
    public void NotMeasured(string what, string reason) => Line($"- {what}: not measured, {reason}");

    /// <summary>A sameness that an asked figure rests on; counts as missed where it fails.</summary>
    public void Same(string what, bool same)
    {
        Missed += same ? 0 : 1;
        Line($"  - {what}: {(same ? "yes" : "NO")}");
    }

    /// <summary>
    /// STRIP's rates at two precisions, and the ratio of the forward passes alone beside the asked one.
    /// </summary>
    public void Strip(string net, StripSample sample)
    {
        Line(
            $"- STRIP on {Name(net)}, inputs/s: FP32 {Comparison.Median(sample.Float32):F2}, INT8 static {Comparison.Median(sample.Int8Static):F2}; forward pass alone, INT8 static against FP32: {Comparison.Ratio(sample.ForwardInt8Static, sample.ForwardFloat32):F2}x"
        );
        Asked(
            $"STRIP on {Name(net)}, INT8 static against FP32",
            Comparison.Ratio(sample.Int8Static, sample.Float32),
            4
        );
    }

    public override string ToString() => _text.ToString();

    private static string Rate(IReadOnlyList<double> rates) =>
        rates.Count == 0
            ? "-"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{Comparison.Median(rates):F0} [{rates.Min():F0}-{rates.Max():F0}]"
            );

    /// <summary>A net's name as people write it.</summary>
    public static string Name(string net) => MethodCatalog.Default.Find(net)!.Name;

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Pass(bool training) => training ? "training" : "forward";

    /// <summary>One line of text, numbers in the invariant culture.</summary>
    public void Line(FormattableString text) => _text.AppendLine(text.ToString(CultureInfo.InvariantCulture));
}
