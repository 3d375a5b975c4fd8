using System.CommandLine;
using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Benchmarks.Federated;

/// <summary>The command line of the comparison of federated rounds, of their memory, and of our side alone.</summary>
internal sealed class FederationCommands
{
    private const double AskedGibibytes = 4;
    private const int MemoryClients = 40;

    private static readonly (string Protocol, string Aggregator, int Rounds)[] MemoryRuns =
    [
        ("lockdown", "fed-avg", 2),
        ("dense-training", "krum", 1),
    ];

    private readonly Option<string[]> _nets = new("--nets")
    {
        Description = "Nets to compare.",
        DefaultValueFactory = _ => ["small-conv-net", "res-net9"],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> _net = new("--net")
    {
        Description = "Net to measure.",
        DefaultValueFactory = _ => "res-net9",
    };

    private readonly Option<int> _clients = new("--clients")
    {
        Description = "Clients, all of whom take part.",
        DefaultValueFactory = _ => 10,
    };

    private readonly Option<int> _images = new("--images")
    {
        Description = "Images of each client.",
        DefaultValueFactory = _ => 160,
    };

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "Images per step.",
        DefaultValueFactory = _ => 32,
    };

    private readonly Option<int> _memoryImages = new("--memory-images")
    {
        Description =
            "Images of each of 40 clients in the measurement of memory, one step of so many; 0 leaves it out.",
        DefaultValueFactory = _ => 20,
    };

    private readonly Option<string> _protocol = new("--protocol")
    {
        Description = "What clients do.",
        DefaultValueFactory = _ => "dense-training",
    };

    private readonly Option<string> _aggregator = new("--aggregator")
    {
        Description = "Rule of the server.",
        DefaultValueFactory = _ => "fed-avg",
    };

    private readonly Option<int> _federatedRounds = new("--federated-rounds")
    {
        Description = "Rounds of the federation.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<string> _python;
    private readonly Option<int> _threads;
    private readonly Option<int> _turns;
    private readonly Option<string> _arithmetic;

    /// <summary>Takes the options that the other measurements have too.</summary>
    public FederationCommands(Option<string> python, Option<int> threads, Option<int> turns, Option<string> arithmetic)
    {
        (_python, _threads, _turns, _arithmetic) = (python, threads, turns, arithmetic);
        _nets.AcceptOnlyFromAmong("small-conv-net", "res-net9");
        _net.AcceptOnlyFromAmong("small-conv-net", "res-net9");
        _protocol.AcceptOnlyFromAmong([.. MethodCatalog.Default.Of<ClientProtocol>().Select(method => method.Id)]);
        _aggregator.AcceptOnlyFromAmong([.. MethodCatalog.Default.Of<Aggregator>().Select(method => method.Id)]);
    }

    /// <summary>All commands.</summary>
    public IEnumerable<Command> All()
    {
        var federation = new Command(
            "federation",
            "Rounds of federated training against the same in PyTorch. Exit code 1 when an asked figure is missed."
        )
        {
            _python,
            _nets,
            _clients,
            _images,
            _batch,
            _memoryImages,
            _threads,
            _turns,
        };
        federation.SetAction(Compare);
        yield return federation;

        var round = new Command("federation-round", "Our side alone: rounds of one federation, one JSON line.")
        {
            _net,
            _clients,
            _images,
            _batch,
            _threads,
            _arithmetic,
            _protocol,
            _aggregator,
            _federatedRounds,
        };
        round.SetAction(parsed =>
            Console.WriteLine(
                FederationSide
                    .Measure(
                        Plan(parsed, parsed.GetValue(_net)!),
                        Method<ClientProtocol>(parsed.GetValue(_protocol)!),
                        Method<Aggregator>(parsed.GetValue(_aggregator)!),
                        parsed.GetValue(_arithmetic) == "bf16",
                        parsed.GetValue(_federatedRounds)
                    )
                    .ToJson()
            )
        );
        yield return round;
    }

    private int Compare(ParseResult parsed)
    {
        var report = new Report();
        var (threads, turns) = (parsed.GetValue(_threads), parsed.GetValue(_turns));
        report.Machine(threads);
        report.Line(
            $"Federated round: {parsed.GetValue(_clients)} clients, {parsed.GetValue(_images)} images each in steps of {parsed.GetValue(_batch)}, one local epoch, all take part; {turns} turns, medians, range in brackets"
        );
        report.Line($"");
        foreach (var net in parsed.GetValue(_nets)!)
        {
            new FederationComparison(parsed.GetValue(_python)!, turns, Plan(parsed, net)).Run(report);
        }

        if (parsed.GetValue(_memoryImages) is var images and > 0)
        {
            Memory(report, new("res-net9", MemoryClients, images, images, threads));
        }

        Console.Write(report);
        return report.Missed == 0 ? 0 : 1;
    }

    private static void Memory(Report report, FederationPlan plan)
    {
        foreach (var (protocol, aggregator, rounds) in MemoryRuns)
        {
            Checked(plan);
            var sample = FederationSample.Parse(
                Child.Engine(
                    plan.Threads,
                    [
                        "federation-round",
                        .. plan.Arguments,
                        "--protocol",
                        protocol,
                        "--aggregator",
                        aggregator,
                        "--federated-rounds",
                        rounds.ToString(CultureInfo.InvariantCulture),
                    ]
                )
            );
            report.Asked(
                $"peak resident memory, {plan.Clients} clients x {Report.Name(plan.Net)}, {Name(protocol)} with {Name(aggregator)}, steps of {plan.Batch} images",
                sample.PeakMegabytes / 1024,
                AskedGibibytes,
                atLeast: false,
                unit: " GiB"
            );
        }
    }

    private FederationPlan Plan(ParseResult parsed, string net) =>
        Checked(
            new(
                net,
                parsed.GetValue(_clients),
                parsed.GetValue(_images),
                parsed.GetValue(_batch),
                parsed.GetValue(_threads)
            )
        );

    private static FederationPlan Checked(FederationPlan plan) =>
        plan.Fault is { } fault ? throw new ArgumentException(fault) : plan;

    private static string Name(string id) => MethodCatalog.Default.Find(id)!.Name;

    private static T Method<T>(string id) => (T)(object)MethodCatalog.Default.Find(id)!.CreateDefault();
}
