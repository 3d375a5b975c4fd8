using System.Diagnostics;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Benchmarks.Federated;

/// <summary>Our side: rounds of the engine's own federated training, without evaluation.</summary>
internal static class FederationSide
{
    /// <summary>Wall times of so many rounds, after a round of two clients as warm-up.</summary>
    public static FederationSample Measure(
        FederationPlan plan,
        ClientProtocol protocol,
        Aggregator aggregator,
        bool bfloat16,
        int rounds
    )
    {
        using var network = EngineSide.Start(plan.Net, EngineSide.Shape, plan.Threads);
        Train(network, plan with { Clients = 2 }, new DenseTraining(), new FedAvg(), bfloat16, 1);
        var (times, history) = Train(network, plan, protocol, aggregator, bfloat16, rounds);
        using var process = Process.GetCurrentProcess();
        return new(
            [.. times.Select(time => time.Wall)],
            [.. times.Select(time => time.Processor)],
            history.Parameters,
            $"TorchSharp {TorchRuntime.Describe()["torchSharp"]}",
            [.. history.Rounds.Select(round => round.MaskSeconds)],
            [.. history.Rounds.Select(round => round.RecoverySeconds)],
            process.PeakWorkingSet64 / 1048576.0
        );
    }

    private static (List<(double Wall, double Processor)> Times, FederationHistory History) Train(
        Classifier network,
        FederationPlan plan,
        ClientProtocol protocol,
        Aggregator aggregator,
        bool bfloat16,
        int rounds
    )
    {
        var federation = new Federation
        {
            Simulation = plan.Simulation(rounds),
            Protocol = protocol,
            Aggregator = aggregator,
        };
        var (attack, seeds) = (new BadNets(), new SeedTree(1));
        var trigger = attack.CreateTrigger(network.Shape.Channels, network.Shape.Height, network.Shape.Width, seeds);
        var data = FederatedData.Deal(
            EngineSide.Noise(plan.Clients * plan.Images),
            federation,
            attack,
            trigger,
            attackers: 0,
            flipAllowed: true,
            seeds
        );
        var training = new TrainOptions
        {
            CropPadding = FederationPlan.CropPadding,
            Flip = true,
            Precision = bfloat16 ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32,
        };
        var (watch, processor, times) = (new Stopwatch(), 0.0, new List<(double, double)>());
        var hooks = new FederationHooks
        {
            Measure = _ => new(0, null, null),
            RoundFinished = _ =>
            {
                times.Add((watch.Elapsed.TotalSeconds, ProcessorSeconds() - processor));
                processor = ProcessorSeconds();
                watch.Restart();
            },
        };

        // The first client's turn starts the clocks: masks are drawn once, before all rounds.
        var run = new RunContext(
            seeds,
            progress: (_, _, _) =>
            {
                if (!watch.IsRunning)
                {
                    processor = ProcessorSeconds();
                    watch.Start();
                }
            }
        );
        return (times, FederatedTraining.Run(network, data, federation, 0, training, run, hooks));
    }

    private static double ProcessorSeconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }
}
