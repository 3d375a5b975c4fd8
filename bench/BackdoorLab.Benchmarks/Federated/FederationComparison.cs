using System.Globalization;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Benchmarks.Federated;

/// <summary>
/// Rounds of federated training on both sides, in turns, a child process each. Lockdown takes its turn beside dense
/// training, so that a slow minute of the machine hits both: its first round has masks and no screening, its second has
/// both.
/// </summary>
internal sealed class FederationComparison(string python, int turns, FederationPlan plan)
{
    private const int LockdownRounds = 2;

    // What the project asks of itself.
    private const double AskedFloat32 = 0.95;
    private const double AskedBFloat16 = 2;
    private const double AskedMaskPercent = 5;

    private static readonly Dictionary<Runner, string> Names = new()
    {
        [Runner.OursFloat32] = "BackdoorLab FP32",
        [Runner.OursBFloat16] = "BackdoorLab BF16",
        [Runner.PyTorchFloat32] = "PyTorch FP32 (eager, NCHW)",
        [Runner.TunedPyTorchFloat32] = "PyTorch FP32, memory kept",
        [Runner.Lockdown] = "BackdoorLab FP32, Lockdown without and with screening",
    };

    private readonly string? _missing = Child.MissingPyTorch(python);
    private readonly Dictionary<Runner, List<FederationSample>> _samples = [];

    private enum Runner
    {
        OursFloat32,
        PyTorchFloat32,
        OursBFloat16,
        TunedPyTorchFloat32,
        Lockdown,
    }

    /// <summary>Runs all turns and adds what came out to the report; progress goes to the error stream.</summary>
    public void Run(Report report)
    {
        var runners = Enum.GetValues<Runner>().Where(Runs).ToArray();
        for (var turn = 0; turn < turns; turn++)
        {
            foreach (var runner in Comparison.Order(turn, runners))
            {
                var sample = Measure(runner);
                _samples.TryAdd(runner, []);
                _samples[runner].Add(sample);
                Console.Error.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"turn {turn + 1}/{turns} {plan.Net} {Names[runner]}: {string.Join(", ", sample.Seconds.Select(one => one.ToString("F1", CultureInfo.InvariantCulture)))} s"
                    )
                );
            }
        }

        CheckSameNets();
        Print(report, runners);
    }

    private bool Runs(Runner runner) =>
        runner switch
        {
            Runner.OursBFloat16 => TorchRuntime.HasBFloat16Instructions,
            Runner.PyTorchFloat32 or Runner.TunedPyTorchFloat32 => _missing is null,
            _ => true,
        };

    private FederationSample Measure(Runner runner) =>
        FederationSample.Parse(
            runner switch
            {
                Runner.PyTorchFloat32 or Runner.TunedPyTorchFloat32 => Child.Python(
                    python,
                    "pytorch_federation.py",
                    plan.Threads,
                    runner == Runner.TunedPyTorchFloat32,
                    [
                        .. plan.Arguments,
                        "--learning-rate",
                        FederationPlan.LearningRate.ToString(CultureInfo.InvariantCulture),
                        "--weight-decay",
                        FederationPlan.WeightDecay.ToString(CultureInfo.InvariantCulture),
                        "--padding",
                        FederationPlan.CropPadding.ToString(CultureInfo.InvariantCulture),
                    ]
                ),
                Runner.Lockdown => Child.Engine(
                    plan.Threads,
                    [
                        "federation-round",
                        .. plan.Arguments,
                        "--protocol",
                        "lockdown",
                        "--federated-rounds",
                        LockdownRounds.ToString(CultureInfo.InvariantCulture),
                    ]
                ),
                _ => Child.Engine(
                    plan.Threads,
                    [
                        "federation-round",
                        .. plan.Arguments,
                        "--arithmetic",
                        runner == Runner.OursBFloat16 ? "bf16" : "fp32",
                    ]
                ),
            }
        );

    private void Print(Report report, Runner[] runners)
    {
        report.Line(
            $"{Report.Name(plan.Net)} ({_samples[Runner.OursFloat32][0].Parameters} parameters), seconds per round:"
        );
        report.Line($"");
        report.Line($"| {string.Join(" | ", runners.Select(runner => Names[runner]))} |");
        report.Line($"| {string.Join(" | ", runners.Select(_ => "---"))} |");
        report.Line($"| {string.Join(" | ", runners.Select(Cell))} |");
        report.Line($"");
        Against(report, Runner.OursFloat32, "FP32", AskedFloat32);
        if (TorchRuntime.HasBFloat16Instructions)
        {
            Against(report, Runner.OursBFloat16, "BF16", AskedBFloat16);
        }
        else
        {
            report.NotMeasured(
                $"{Report.Name(plan.Net)} round, BF16 against PyTorch FP32",
                "this processor has no bfloat16 instructions"
            );
        }

        Masks(report);
        report.Line($"");
    }

    private void Against(Report report, Runner ours, string name, double bound)
    {
        var what = $"{Report.Name(plan.Net)} round, {name} against PyTorch FP32";
        if (_missing is not null)
        {
            report.NotMeasured(what, $"PyTorch is missing ({_missing})");
            return;
        }

        report.Asked(what, Comparison.Ratio(Rounds(Runner.PyTorchFloat32, 0), Rounds(ours, 0)), bound);
        report.Line(
            $"  - in processor time: {Comparison.Ratio(Processor(Runner.PyTorchFloat32), Processor(ours)):F2}x"
        );
        report.Line(
            $"  - against PyTorch with memory kept: {Comparison.Ratio(Rounds(Runner.TunedPyTorchFloat32, 0), Rounds(ours, 0)):F2}x, in processor time {Comparison.Ratio(Processor(Runner.TunedPyTorchFloat32), Processor(ours)):F2}x"
        );
    }

    // Work on masks by the engine's own clock, of the round that has all of it, against the dense round of the same
    // turn.
    private void Masks(Report report)
    {
        var (dense, locked) = (Rounds(Runner.OursFloat32, 0), _samples[Runner.Lockdown]);
        double[] masks = [.. locked.Select(sample => sample.Masks![LockdownRounds - 1])];
        report.Asked(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Report.Name(plan.Net)}, work on masks in a Lockdown round ({Comparison.Median(masks):F2} s) against a dense round"
            ),
            100 * Comparison.Ratio(masks, dense),
            AskedMaskPercent,
            atLeast: false,
            unit: " %"
        );
        report.Line(
            $"  - a Lockdown round without screening against a dense one, by the wall: {100 * (Comparison.Ratio(Rounds(Runner.Lockdown, 0), dense) - 1):+0.0;-0.0} %"
        );
        report.Line(
            $"  - recovery overhead, a pass over the images that screens gradients: {100 * Comparison.Ratio([.. locked.Select(sample => sample.Screening![LockdownRounds - 1])], dense):F1} % of a dense round"
        );
    }

    private IReadOnlyList<double> Rounds(Runner runner, int round) =>
        [.. _samples[runner].Select(sample => sample.Seconds[round])];

    private IReadOnlyList<double> Processor(Runner runner) =>
        [.. _samples[runner].Select(sample => sample.ProcessorSeconds[0])];

    private string Cell(Runner runner) =>
        string.Join(
            "; ",
            _samples[runner]
                [0]
                .Seconds.Select(
                    (_, round) =>
                    {
                        var seconds = Rounds(runner, round);
                        return string.Create(
                            CultureInfo.InvariantCulture,
                            $"{Comparison.Median(seconds):F2} [{seconds.Min():F2}-{seconds.Max():F2}]"
                        );
                    }
                )
        );

    private void CheckSameNets()
    {
        var sizes = _samples.Values.SelectMany(list => list).Select(sample => sample.Parameters).Distinct().ToArray();
        if (sizes.Length != 1)
        {
            throw new InvalidOperationException(
                $"The two sides do not run the same {plan.Net}: {string.Join(" and ", sizes)} parameters."
            );
        }
    }
}
