using System.CommandLine;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>The command line of the comparison of trigger inversions, of STRIP's, and of their parts.</summary>
internal sealed class InversionCommands
{
    private readonly Option<string> _folder = new("--folder")
    {
        Description = "Where the trained victims are kept.",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "backdoorlab-bench"),
    };

    private readonly Option<int[]> _classes = new("--classes")
    {
        Description = "Classes of the victim, one run for each number.",
        DefaultValueFactory = _ => [10, 43],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> _net = new("--net")
    {
        Description = "Net of the victim.",
        DefaultValueFactory = _ => "res-net18",
    };

    private readonly Option<int> _updates = new("--updates")
    {
        Description = "Updates per class, one a round.",
        DefaultValueFactory = _ => 300,
    };

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "Images per update.",
        DefaultValueFactory = _ => 16,
    };

    private readonly Option<InversionSchedule> _schedule = new("--schedule")
    {
        Description = "How our side shares out the updates.",
    };

    private readonly Option<InversionSchedule[]> _schedules = new("--schedules")
    {
        Description = "Schedules of our side that run.",
        DefaultValueFactory = _ => Enum.GetValues<InversionSchedule>(),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int> _torchClasses = new("--torch-classes")
    {
        Description =
            "Time the PyTorch loop on so many classes and extrapolate; no verdict is compared then. 0 runs all classes.",
    };

    private readonly Option<int> _tunedClasses = new("--tuned-classes")
    {
        Description = "Time PyTorch with freed memory kept on so many classes and extrapolate; 0 leaves it out.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<string> _python;
    private readonly Option<int> _threads;
    private readonly Option<int> _rounds;

    /// <summary>Takes the options that the other measurements have too.</summary>
    public InversionCommands(Option<string> python, Option<int> threads, Option<int> rounds)
    {
        (_python, _threads, _rounds) = (python, threads, rounds);
        _net.AcceptOnlyFromAmong("res-net18", "res-net8");
    }

    /// <summary>All commands.</summary>
    public IEnumerable<Command> All()
    {
        var inversion = new Command(
            "inversion",
            "Neural Cleanse against the loop over classes in PyTorch. Exit code 1 when an asked figure is missed."
        )
        {
            _python,
            _folder,
            _net,
            _classes,
            _updates,
            _batch,
            _schedules,
            _torchClasses,
            _tunedClasses,
            _threads,
        };
        inversion.SetAction(parsed =>
            Print(report =>
            {
                var options = new InversionOptions(
                    parsed.GetValue(_python)!,
                    parsed.GetValue(_folder)!,
                    parsed.GetValue(_threads),
                    parsed.GetValue(_schedules)!,
                    parsed.GetValue(_torchClasses),
                    parsed.GetValue(_tunedClasses)
                );
                report.Machine(options.Threads);
                report.Line($"");
                foreach (var plan in Plans(parsed))
                {
                    new InversionComparison(options, plan).Run(report);
                }
            })
        );
        yield return inversion;

        var strip = new Command(
            "strip",
            "STRIP at INT8 static against FP32. Exit code 1 when the asked ratio is missed."
        )
        {
            _folder,
            _net,
            _rounds,
            _threads,
        };
        strip.SetAction(parsed =>
            Print(report =>
            {
                report.Machine(parsed.GetValue(_threads));
                report.Line($"");
                var net = parsed.GetValue(_net)!;
                report.Strip(
                    net,
                    StripSide.Measure(
                        parsed.GetValue(_folder)!,
                        net,
                        parsed.GetValue(_threads),
                        parsed.GetValue(_rounds)
                    )
                );
            })
        );
        yield return strip;

        var victim = new Command(
            "inversion-victim",
            "Trains the victim and writes what the other side reads, one JSON line."
        )
        {
            _folder,
            _net,
            _classes,
            _updates,
            _batch,
            _threads,
        };
        victim.SetAction(parsed =>
            Console.WriteLine(
                InversionSide
                    .Prepare(parsed.GetValue(_folder)!, Plans(parsed).First(), parsed.GetValue(_threads))
                    .ToJson()
            )
        );
        yield return victim;

        var search = new Command("inversion-search", "Neural Cleanse on our side alone, one JSON line.")
        {
            _folder,
            _net,
            _classes,
            _updates,
            _batch,
            _schedule,
            _threads,
        };
        search.SetAction(parsed =>
            Console.WriteLine(
                InversionSide
                    .Measure(
                        parsed.GetValue(_folder)!,
                        Plans(parsed).First(),
                        parsed.GetValue(_schedule),
                        parsed.GetValue(_threads)
                    )
                    .ToJson()
            )
        );
        yield return search;
    }

    private static int Print(Action<Report> fill)
    {
        var report = new Report();
        fill(report);
        Console.Write(report);
        return report.Missed == 0 ? 0 : 1;
    }

    private IEnumerable<InversionPlan> Plans(ParseResult parsed) =>
        parsed
            .GetValue(_classes)!
            .Select(classes => new InversionPlan(
                parsed.GetValue(_net)!,
                classes,
                parsed.GetValue(_updates),
                parsed.GetValue(_batch)
            ));
}
