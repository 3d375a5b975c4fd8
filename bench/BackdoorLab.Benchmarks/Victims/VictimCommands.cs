using System.CommandLine;
using System.Globalization;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Benchmarks.Victims;

/// <summary>The command line of the comparison of whole trainings by the fast recipe, and of our side alone.</summary>
internal sealed class VictimCommands
{
    private const double AskedRate = 1.1;
    private static readonly double[] Thresholds = [0.9, 0.92, 0.925, 0.93, 0.935];

    private readonly Option<string> _data = new("--data") { Description = "Folder of the data sets.", Required = true };
    private readonly Option<int> _epochs = new("--epochs")
    {
        Description = "Passes over the training set.",
        DefaultValueFactory = _ => 10,
    };
    private readonly Option<int> _divisor = new("--width-divisor")
    {
        Description = "Divides the channels.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<double> _rate = new("--poison-rate")
    {
        Description = "Share of poisoned images.",
        DefaultValueFactory = _ => 0.1,
    };
    private readonly Option<int> _limit = new("--train-limit") { Description = "Training images; 0 takes all." };
    private readonly Option<int> _seed = new("--seed")
    {
        Description = "Of everything that is drawn.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<int> _steps = new("--steps")
    {
        Description = "Steps of a turn.",
        DefaultValueFactory = _ => 6,
    };
    private readonly Option<bool> _rateOnly = new("--rate-only")
    {
        Description = "Take turns of a few steps and train nothing to its end.",
    };
    private readonly Option<bool> _oursOnly = new("--ours-only")
    {
        Description = "Train on our side to the end, on the other in turns alone.",
    };
    private readonly Option<string> _python;
    private readonly Option<int> _threads;
    private readonly Option<int> _turns;
    private readonly Option<string> _arithmetic;

    /// <summary>Takes the options that the other measurements have too.</summary>
    public VictimCommands(Option<string> python, Option<int> threads, Option<int> turns, Option<string> arithmetic) =>
        (_python, _threads, _turns, _arithmetic) = (python, threads, turns, arithmetic);

    /// <summary>All commands.</summary>
    public IEnumerable<Command> All()
    {
        var victim = new Command(
            "victim",
            "Time to accuracy of the fast recipe on CIFAR-10 with BadNets, against the same recipe in PyTorch."
        )
        {
            _data,
            _epochs,
            _divisor,
            _rate,
            _limit,
            _seed,
            _steps,
            _rateOnly,
            _oursOnly,
            _python,
            _threads,
            _turns,
        };
        victim.SetAction(parsed => Compare(parsed));
        yield return victim;

        var train = new Command("victim-train", "Our side alone: a whole training, one JSON line.")
        {
            _data,
            _epochs,
            _divisor,
            _rate,
            _limit,
            _seed,
            _threads,
            _arithmetic,
        };
        train.SetAction(parsed =>
            Console.WriteLine(VictimSide.Train(Plan(parsed), IsBFloat16(parsed), parsed.GetValue(_threads)).ToJson())
        );
        yield return train;

        var rate = new Command("victim-rate", "Our side alone: images per second of a few steps, one JSON line.")
        {
            _data,
            _divisor,
            _rate,
            _limit,
            _seed,
            _steps,
            _threads,
            _arithmetic,
        };
        rate.SetAction(parsed =>
            Console.WriteLine(
                VictimSide
                    .Rate(Plan(parsed), IsBFloat16(parsed), parsed.GetValue(_threads), parsed.GetValue(_steps))
                    .ToJson()
            )
        );
        yield return rate;
    }

    private bool IsBFloat16(ParseResult parsed) => parsed.GetValue(_arithmetic) == "bf16";

    private VictimPlan Plan(ParseResult parsed) =>
        new(
            parsed.GetValue(_data)!,
            Math.Max(1, parsed.GetValue(_epochs)),
            Math.Max(1, parsed.GetValue(_divisor)),
            parsed.GetValue(_rate),
            parsed.GetValue(_limit),
            parsed.GetValue(_seed)
        );

    private int Compare(ParseResult parsed)
    {
        var (plan, threads, python) = (Plan(parsed), parsed.GetValue(_threads), parsed.GetValue(_python)!);
        var bfloat16 = TorchRuntime.HasBFloat16Instructions;
        var folder = Directory.CreateTempSubdirectory("backdoorlab-victim-").FullName;
        try
        {
            TorchRuntime.Initialize(threads);
            plan.WriteFor(folder);
            var missing = Child.MissingPyTorch(python);
            var (ours, theirs) = (new List<double>(), new List<double>());
            var report = new Report();
            report.Machine(threads);
            report.Line(
                $"Airbench {Widths(plan)}, {(bfloat16 ? "BF16" : "FP32 (no BF16 instructions here)")}, CIFAR-10, BadNets {100 * plan.PoisonRate:0.##} %, {plan.Epochs} epochs, seed {plan.Seed}"
            );
            for (var turn = 0; turn < parsed.GetValue(_turns); turn++)
            {
                var steps = parsed.GetValue(_steps);
                ours.Add(Ours("victim-rate", plan, bfloat16, threads, "--steps", Text(steps)).ImagesPerSecond);
                if (missing is null)
                {
                    theirs.Add(Theirs(python, folder, bfloat16, threads, "--steps", Text(steps)).ImagesPerSecond);
                }
            }

            Rates(report, plan, bfloat16, threads, ours, theirs, missing);
            if (!parsed.GetValue(_rateOnly))
            {
                var trained = Ours("victim-train", plan, bfloat16, threads);
                var reference =
                    missing is null && !parsed.GetValue(_oursOnly) ? Theirs(python, folder, bfloat16, threads) : null;
                Curves(report, trained, reference);
            }

            Console.Write(report);
            return report.Missed > 0 ? 1 : 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Rates(
        Report report,
        VictimPlan plan,
        bool bfloat16,
        int threads,
        List<double> ours,
        List<double> theirs,
        string? missing
    )
    {
        var limit = VictimSide.Limit(bfloat16, threads);
        var work = 3.0 * plan.Network.Cost(new(3, 32, 32, 10, Engine.Datasets.Normalization.Identity(3))).MultiplyAdds;
        var rate = Comparison.Median(ours);
        report.Line(
            $"- images/s in turns: BackdoorLab {rate:F0}, PyTorch {(theirs.Count > 0 ? Comparison.Median(theirs).ToString("F0", CultureInfo.InvariantCulture) : $"missing ({missing})")} (memory kept)"
        );
        report.Line(
            $"- share of the arithmetic limit: {100 * rate * work / limit:F0} % of the {limit / 1e9:F0} G multiply-adds/s that a product of 2048 x 2048 matrices reaches"
        );
        report.Asked(
            "rate against PyTorch's with memory kept",
            theirs.Count > 0 ? Comparison.Ratio(ours, theirs) : double.NaN,
            AskedRate
        );
    }

    private static void Curves(Report report, VictimSample ours, VictimSample? theirs)
    {
        report.Line($"");
        report.Line($"| after epoch | BackdoorLab: s | CA | ASR | PyTorch: s | CA | ASR |");
        report.Line($"| --- | --- | --- | --- | --- | --- | --- |");
        for (var i = 0; i < ours.Epochs.Count; i++)
        {
            report.Line(
                $"| {i + 1} | {Cells(ours.Epochs[i])} | {(theirs is null ? "- | - | -" : Cells(theirs.Epochs[i]))} |"
            );
        }

        report.Line($"");
        foreach (var threshold in Thresholds)
        {
            report.Line(
                $"- seconds of training to {100 * threshold:0.#} %: BackdoorLab {Seconds(ours, threshold)}, PyTorch {(theirs is null ? "-" : Seconds(theirs, threshold))}"
            );
        }
    }

    private static string Cells(VictimEpoch epoch) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{epoch.Seconds:F0} | {100 * epoch.Accuracy:F2} % | {100 * epoch.SuccessRate:F2} %"
        );

    private static string Seconds(VictimSample sample, double threshold) =>
        sample.SecondsTo(threshold) is var seconds && double.IsNaN(seconds)
            ? "not reached"
            : seconds.ToString("F0", CultureInfo.InvariantCulture);

    private static string Widths(VictimPlan plan) =>
        $"{64 / plan.WidthDivisor}-{256 / plan.WidthDivisor}-{256 / plan.WidthDivisor}";

    private static VictimSample Ours(
        string command,
        VictimPlan plan,
        bool bfloat16,
        int threads,
        params string[] more
    ) =>
        VictimSample.Parse(
            Child.Engine(
                threads,
                [
                    command,
                    "--data",
                    plan.DataRoot,
                    "--width-divisor",
                    Text(plan.WidthDivisor),
                    "--train-limit",
                    Text(plan.TrainLimit),
                    "--poison-rate",
                    plan.PoisonRate.ToString(CultureInfo.InvariantCulture),
                    "--seed",
                    Text(plan.Seed),
                    "--threads",
                    Text(threads),
                    "--arithmetic",
                    bfloat16 ? "bf16" : "fp32",
                    .. command == "victim-train" ? ["--epochs", Text(plan.Epochs)] : more,
                ]
            )
        );

    private static VictimSample Theirs(
        string python,
        string folder,
        bool bfloat16,
        int threads,
        params string[] more
    ) =>
        VictimSample.Parse(
            Child.Python(
                python,
                "pytorch_victim.py",
                threads,
                keepMemory: true,
                ["--folder", folder, "--threads", Text(threads), "--arithmetic", bfloat16 ? "bf16" : "fp32", .. more]
            )
        );

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
