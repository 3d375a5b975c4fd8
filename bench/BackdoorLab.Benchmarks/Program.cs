using System.CommandLine;
using System.Globalization;
using BackdoorLab.Benchmarks;
using BackdoorLab.Benchmarks.Federated;
using BackdoorLab.Benchmarks.Inversion;
using BackdoorLab.Benchmarks.Numbers;
using BackdoorLab.Benchmarks.Victims;

var batch = new Option<int>("--batch") { Description = "Images per step.", DefaultValueFactory = _ => 128 };
var threads = new Option<int>("--threads")
{
    Description = "Kernel threads of both sides.",
    DefaultValueFactory = _ => 2,
};
var seconds = new Option<double>("--seconds")
{
    Description = "Seconds of training steps per measurement.",
    DefaultValueFactory = _ => 8,
};
var rounds = new Option<int>("--rounds")
{
    Description = "How often both sides take turns.",
    DefaultValueFactory = _ => 3,
};
var python = new Option<string>("--python")
{
    Description = "Interpreter that has PyTorch.",
    DefaultValueFactory = _ => "/usr/bin/python3",
};
var nets = new Option<string[]>("--nets")
{
    Description = "Nets to compare.",
    DefaultValueFactory = _ => ["res-net18", "res-net8"],
    AllowMultipleArgumentsPerToken = true,
};
nets.AcceptOnlyFromAmong("res-net18", "res-net8");
var net = new Option<string>("--net") { Description = "Net to measure.", DefaultValueFactory = _ => "res-net8" };
net.AcceptOnlyFromAmong("res-net18", "res-net8");
var arithmetic = new Option<string>("--arithmetic")
{
    Description = "Arithmetic to measure.",
    DefaultValueFactory = _ => "fp32",
};
arithmetic.AcceptOnlyFromAmong("fp32", "bf16");
var steps = new Option<int>("--steps")
{
    Description = "Steps of the memory measurement.",
    DefaultValueFactory = _ => 5000,
};
var memoryBatch = new Option<int>("--memory-batch")
{
    Description = "Images per step of the memory measurement.",
    DefaultValueFactory = _ => 16,
};
var noMemory = new Option<bool>("--no-memory") { Description = "Leave the memory measurement out." };

var measure = new Command("measure", "Our side alone: one net, one arithmetic, one JSON line.")
{
    net,
    arithmetic,
    batch,
    threads,
    seconds,
};
measure.SetAction(parsed =>
    Console.WriteLine(
        EngineSide
            .Measure(
                parsed.GetValue(net)!,
                parsed.GetValue(arithmetic) == "bf16",
                parsed.GetValue(batch),
                parsed.GetValue(threads),
                parsed.GetValue(seconds)
            )
            .ToJson()
    )
);

var pipeline = new Command("pipeline", "Milliseconds of a ResNet-8 step and of its data pipeline, one JSON line.")
{
    batch,
    threads,
    seconds,
};
pipeline.SetAction(parsed =>
    Console.WriteLine(
        EngineSide.Pipeline(parsed.GetValue(batch), parsed.GetValue(threads), parsed.GetValue(seconds)).ToJson()
    )
);

var memory = new Command("memory", "Resident memory after 500 steps and after the last, one JSON line.")
{
    memoryBatch,
    threads,
    steps,
};
memory.SetAction(parsed =>
    Console.WriteLine(
        EngineSide.Memory(parsed.GetValue(memoryBatch), parsed.GetValue(threads), parsed.GetValue(steps)).ToJson()
    )
);

var precisions = new Command("precisions", "Forward images per second at FP32, BF16 and INT8 static, one JSON line.")
{
    net,
    batch,
    threads,
    seconds,
    rounds,
};
precisions.SetAction(parsed =>
    Console.WriteLine(
        EngineSide
            .Precisions(
                parsed.GetValue(net)!,
                parsed.GetValue(batch),
                parsed.GetValue(threads),
                parsed.GetValue(seconds),
                parsed.GetValue(rounds)
            )
            .ToJson()
    )
);

var root = new RootCommand(
    "Speed of the engine as ratios against PyTorch on the same cores. Exit code 1 when an asked figure is missed."
)
{
    python,
    rounds,
    batch,
    threads,
    seconds,
    nets,
    noMemory,
    memoryBatch,
    steps,
    measure,
    pipeline,
    precisions,
    memory,
};
foreach (
    var command in new InversionCommands(python, threads, rounds)
        .All()
        .Concat(new FederationCommands(python, threads, rounds, arithmetic).All())
        .Concat(new VictimCommands(python, threads, rounds, arithmetic).All())
        .Append(NumbersCommand.Create())
)
{
    root.Add(command);
}

root.SetAction(parsed =>
{
    var options = new ComparisonOptions(
        parsed.GetValue(python)!,
        parsed.GetValue(rounds),
        parsed.GetValue(batch),
        parsed.GetValue(threads),
        parsed.GetValue(seconds),
        parsed.GetValue(nets)!
    );
    var comparison = new Comparison(options);
    comparison.Run();
    var report = new Report();
    report.Header(options, comparison);
    report.Rates(options, comparison);
    report.Ratios(options, comparison);
    AskedRatios(report, options, comparison);

    var share = PipelineSample.Parse(
        Child.Engine(
            options.Threads,
            "pipeline",
            "--batch",
            Text(options.Batch),
            "--threads",
            Text(options.Threads),
            "--seconds",
            Text(options.Seconds)
        )
    );
    report.Asked(
        $"data pipeline in a ResNet-8 {(share.BFloat16 ? "BF16" : "FP32")} step ({share.PipelineMilliseconds.ToString("F2", CultureInfo.InvariantCulture)} of {share.StepMilliseconds.ToString("F1", CultureInfo.InvariantCulture)} ms)",
        100 * share.PipelineMilliseconds / share.StepMilliseconds,
        3,
        atLeast: false,
        unit: " %"
    );
    foreach (var id in options.Nets)
    {
        var forward = PrecisionSample.Parse(
            Child.Engine(
                options.Threads,
                "precisions",
                "--net",
                id,
                "--batch",
                Text(options.Batch),
                "--threads",
                Text(options.Threads),
                "--seconds",
                Text(options.Seconds),
                "--rounds",
                Text(options.Rounds)
            )
        );
        report.Precisions(id, forward);
        if (id == "res-net18")
        {
            report.Asked("ResNet-18 forward, INT8 static against FP32", forward.Int8Static / forward.Float32, 5);
            report.Asked("ResNet-18 forward, INT8 static against BF16", forward.Int8Static / forward.BFloat16, 2);
        }
    }

    if (!parsed.GetValue(noMemory))
    {
        var resident = MemorySample.Parse(
            Child.Engine(
                options.Threads,
                "memory",
                "--memory-batch",
                Text(parsed.GetValue(memoryBatch)),
                "--threads",
                Text(options.Threads),
                "--steps",
                Text(parsed.GetValue(steps))
            )
        );
        report.Asked(
            $"resident memory after {resident.LateStep} steps ({resident.LateMegabytes:F0} MB) against {resident.EarlyStep} ({resident.EarlyMegabytes:F0} MB)",
            resident.LateMegabytes / resident.EarlyMegabytes,
            1.1,
            atLeast: false
        );
    }

    Console.Write(report);
    return report.Missed == 0 ? 0 : 1;
});
return root.Parse(args).Invoke();

static void AskedRatios(Report report, ComparisonOptions options, Comparison comparison)
{
    if (options.Nets.Contains("res-net18"))
    {
        report.Asked(
            "ResNet-18 training, BF16 against PyTorch FP32",
            comparison.Ratio("res-net18", Side.OursBFloat16, Side.PyTorchFloat32, true),
            2.5
        );
        report.Asked(
            "ResNet-18 training, BF16 against PyTorch BF16",
            comparison.Ratio("res-net18", Side.OursBFloat16, Side.PyTorchBFloat16, true),
            0.95
        );
        report.Asked(
            "ResNet-18 forward, BF16 against PyTorch FP32",
            comparison.Ratio("res-net18", Side.OursBFloat16, Side.PyTorchFloat32, false),
            3
        );
    }

    foreach (
        var (id, name) in new[] { ("res-net18", "ResNet-18"), ("res-net8", "ResNet-8") }.Where(entry =>
            options.Nets.Contains(entry.Item1)
        )
    )
    {
        report.Asked(
            $"{name} training, FP32 against FP32",
            comparison.Ratio(id, Side.OursFloat32, Side.PyTorchFloat32, true),
            0.95
        );
        report.Asked(
            $"{name} forward, FP32 against FP32",
            comparison.Ratio(id, Side.OursFloat32, Side.PyTorchFloat32, false),
            0.95
        );
    }
}

static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
