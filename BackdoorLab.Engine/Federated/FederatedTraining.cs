using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>What a caller attaches to a federated training.</summary>
public sealed record FederationHooks
{
    /// <summary>Measures a model in evaluation mode: the global one after each round, and the fused one.</summary>
    public required Func<Classifier, RoundMetrics> Measure { get; init; }

    /// <summary>Called after every round.</summary>
    public Action<RoundRecord>? RoundFinished { get; init; }

    /// <summary>File that holds the state of an unfinished training; null trains without. Deleted at the end.</summary>
    public string? CheckpointFile { get; init; }

    /// <summary>
    /// Most seconds between checkpoints; they come more often while writing one takes less than a fiftieth of the time
    /// between.
    /// </summary>
    public double CheckpointSeconds { get; init; } = 30;
}

/// <summary>
/// The federated simulation. Clients train one after another on one network; the server adds the aggregated step.
/// Random streams hang on round and client, so a training that was interrupted between rounds ends with the same bits
/// as one that was not; an interrupted round is done again.
/// </summary>
public sealed class FederatedTraining : IDisposable
{
    private const long SimilarityNumbers = 1 << 24;

    private readonly Classifier _network;
    private readonly FederatedData _data;
    private readonly Simulation _simulation;
    private readonly Aggregator _aggregator;
    private readonly AttackerBehaviour _attacker;
    private readonly AttackerBehaviour _honest;
    private readonly int _attackers;
    private readonly RunContext _run;
    private readonly FederationHooks _hooks;
    private readonly ParameterLayout _layout;
    private readonly ClientTraining _training;
    private readonly ProtocolSession _protocol;
    private readonly AggregatorMemory _memory = new();
    private readonly Tensor _global;
    private readonly Tensor _statistics;
    private readonly Tensor _lastStep;
    private readonly Scalar _serverRate;
    private readonly List<RoundRecord> _rounds = [];
    private double[][] _similarity = [];

    private FederatedTraining(
        Classifier network,
        FederatedData data,
        Federation federation,
        int attackers,
        TrainOptions training,
        RunContext run,
        FederationHooks hooks
    )
    {
        (_network, _data, _attackers, _run, _hooks) = (network, data, attackers, run, hooks);
        (_simulation, _aggregator) = (federation.Simulation, federation.Aggregator);
        (_attacker, _honest) = (federation.Attacker, federation.Honest().Attacker);
        _layout = new(network);
        _serverRate = _simulation.ServerLearningRate;
        _global = _layout.Read().DetachFromDisposeScope();
        _statistics = _layout.ReadStatistics().DetachFromDisposeScope();
        _lastStep = zeros_like(_global).DetachFromDisposeScope();
        _training = new(network, data, _simulation, training);
        _protocol = federation.Protocol.Begin(new(federation, _layout, _training, run.Seeds));
    }

    /// <summary>
    /// Trains <paramref name="network"/> in place and leaves it in evaluation mode, fused where the protocol fuses.
    /// </summary>
    /// <param name="network">Freshly initialised.</param>
    /// <param name="data">Dealt and poisoned images.</param>
    /// <param name="federation">Settings without faults.</param>
    /// <param name="attackers">How many of the first clients attack: those of the settings, or none.</param>
    /// <param name="training">Arithmetic and augmentation; the rest comes from
    /// <see cref="Federation.Simulation"/>.</param>
    /// <param name="run">Random streams, cancellation, progress in client rounds.</param>
    /// <param name="hooks">Measurements, reports, checkpoints.</param>
    /// <exception cref="TrainingDivergedException">No client of a round uploaded finite numbers, or their aggregate is
    /// not finite.</exception>
    public static FederationHistory Run(
        Classifier network,
        FederatedData data,
        Federation federation,
        int attackers,
        TrainOptions training,
        RunContext run,
        FederationHooks hooks
    )
    {
        using var federated = new FederatedTraining(network, data, federation, attackers, training, run, hooks);
        return federated.Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _protocol.Dispose();
        _memory.Dispose();
        _global.Dispose();
        _statistics.Dispose();
        _lastStep.Dispose();
    }

    private FederationHistory Run()
    {
        var state = new FederationState(_hooks.CheckpointFile, _global, _statistics, _lastStep, _protocol, _memory);
        if (state.Load(_rounds) is { } similarity)
        {
            _similarity = similarity;
            _run.Log($"Federated training resumes after round {_rounds.Count} of {_simulation.Rounds}.");
            _rounds.ForEach(round => _hooks.RoundFinished?.Invoke(round));
        }

        var pace = new CheckpointPace(_hooks.CheckpointSeconds);
        while (_rounds.Count < _simulation.Rounds)
        {
            _rounds.Add(Round(_rounds.Count + 1));
            _hooks.RoundFinished?.Invoke(_rounds[^1]);
            if (_run.Cancellation.IsCancellationRequested || pace.IsDue)
            {
                pace.Write(() => state.Save(_rounds, _similarity));
            }
        }

        using var scope = NewDisposeScope();
        Load(_protocol.Fuse(_global) ?? _global);
        state.Delete();
        var (cost, masks) = (CostMeter.Of(_network), _protocol.Census());
        var densities = masks?.Layers.Zip(masks.Densities).ToDictionary(layer => layer.First, layer => layer.Second);
        return new()
        {
            Attackers = _attackers,
            Parameters = _layout.Length,
            MultiplyAdds = cost.MultiplyAdds,
            ActiveMultiplyAdds =
                cost.Layers.Sum(layer => layer.MultiplyAdds * (densities?[layer.Name + ".weight"] ?? 1))
                + cost.AttentionMultiplyAdds,
            Rounds = _rounds,
            ClassCounts =
            [
                .. _data.Shards.Select(shard =>
                    Enumerable
                        .Range(0, _data.Images.Classes)
                        .Select(label => shard.Count(i => _data.Images.Labels[i] == label))
                        .ToArray()
                ),
            ],
            Dealt = _data.Dealt(_simulation.BatchSize),
            Poison = _data.Attackers,
            Similarity = _similarity,
            Masks = masks,
        };
    }

    private RoundRecord Round(int round)
    {
        using var scope = NewDisposeScope();
        var seeds = _run.Seeds.Child("round").Child(round);
        var order = Enumerable.Range(0, _simulation.Clients).ToArray();
        seeds.Child("clients").Random().Shuffle(order);
        var chosen = order[.._simulation.Participants];
        var (rate, recovery) = (_simulation.LearningRate * Math.Pow(_simulation.LearningRateDecay, round - 1), 0.0);
        using var aggregation = _aggregator.Begin(
            new(
                _layout.Length,
                chosen.Length,
                Math.Min(_simulation.Attackers, chosen.Length),
                seeds.Child("server"),
                _memory
            )
        );
        var (records, sketches, statistics, clock, server) = (
            new List<ClientRecord>(),
            new List<Tensor>(),
            new List<(Tensor Values, double Images)>(),
            Stopwatch.StartNew(),
            new Stopwatch()
        );
        var stride = Math.Max(1, _layout.Length * chosen.Length / SimilarityNumbers);
        _training.MaskClock.Reset();
        _protocol.BeginRound();
        for (var i = 0; i < chosen.Length; i++)
        {
            using var turn = NewDisposeScope();
            _run.Progress((round - 1L) * chosen.Length + i, (long)_simulation.Rounds * chosen.Length, "client rounds");
            var client = chosen[i];
            var result = _protocol.Train(
                new(
                    client,
                    client < _attackers ? _attacker : _honest,
                    round,
                    rate,
                    _global,
                    _statistics,
                    round > 1 ? _lastStep : null,
                    _run.With(seeds.Child("client").Child(client))
                )
            );
            recovery += result.ScreeningSeconds;
            // A loss that is no number says the same as an update that is none, also where a mask hides it.
            var sent = _layout.ReadStatistics();
            if (result.Change is { } change && double.IsFinite(result.Loss) && sent.isfinite().all().item<bool>())
            {
                var weight = _data.Shards[client].Length;
                records.Add(
                    new(client, result.Loss, change.norm().item<float>(), null, Excluded: false, result.Active)
                );
                statistics.Add((sent.MoveToOuterDisposeScope(), weight));
                sketches.Add(change.slice(0, 0, _layout.Length, stride).clone().MoveToOuterDisposeScope());
                server.Start();
                aggregation.Add(new(client, weight, change));
                server.Stop();
            }
            else
            {
                records.Add(new(client, null, null, null, Excluded: true, result.Active));
                _run.Log(
                    $"Round {round}: client {client} diverged (its loss or update is not finite, or longer than float32 holds); it was left out."
                );
            }
        }

        if (statistics.Count == 0)
        {
            throw new TrainingDivergedException(
                FormattableString.Invariant(
                    $"no client of round {round} sent finite numbers, at learning rate {rate:g3}"
                )
            );
        }

        var clientSeconds = clock.Elapsed.TotalSeconds - server.Elapsed.TotalSeconds;
        server.Start();
        _protocol.EndRound();
        _lastStep.copy_(aggregation.Finish());
        _global.add_(_lastStep, _serverRate);
        if (!_global.isfinite().all().item<bool>())
        {
            throw new TrainingDivergedException(
                FormattableString.Invariant($"the aggregate of round {round} is not finite, at learning rate {rate:g3}")
            );
        }

        _statistics.copy_(Averaged(statistics, aggregation.Trust));
        if (ReEstimates)
        {
            Load(_global);
            _statistics.copy_(_layout.ReadStatistics());
        }

        var fused = _protocol.Fuse(_global);
        server.Stop();
        _similarity = Similarity(sketches);
        var overlaps = _protocol.Overlaps(_attackers);
        var uploaded = records.Sum(record => 4 * record.Active + (_protocol.SendsMasks ? (_layout.Length + 7) / 8 : 0));
        return new(
            round,
            records.Where(record => !record.Excluded).Average(record => record.Loss!.Value),
            Measure(_global, ownStatistics: fused is not null),
            fused is null ? null : Measure(fused),
            WithTrust(records, aggregation.Trust),
            uploaded,
            records.Sum(record => 4 * record.Active),
            clientSeconds,
            recovery,
            server.Elapsed.TotalSeconds,
            overlaps?.Honest,
            overlaps is { Attackers: var mixed } && double.IsFinite(mixed) ? mixed : null,
            _training.MaskClock.Elapsed.TotalSeconds
        );
    }

    private bool ReEstimates => _simulation.Statistics == StatisticsSource.ReEstimated;

    private RoundMetrics Measure(Tensor weights, bool ownStatistics = false)
    {
        Load(weights, ownStatistics);
        return _hooks.Measure(_network);
    }

    // Averaged statistics belong to what clients trained; those computed anew belong to the weights at hand.
    private void Load(Tensor weights, bool ownStatistics = false)
    {
        _layout.Write(weights, _statistics);
        _network.eval();
        if (_layout.HasStatistics && (ownStatistics || ReEstimates))
        {
            RunningStatistics.Estimate(_network, _data.Reference);
        }
    }

    private Tensor Averaged(List<(Tensor Values, double Images)> clients, IReadOnlyList<double> trust)
    {
        var weighted = _simulation.Statistics == StatisticsSource.TrustedClients && trust.Count > 0;
        var (sum, total) = (zeros_like(_statistics), 0.0);
        for (var i = 0; i < clients.Count; i++)
        {
            var weight = weighted ? trust[i] : clients[i].Images;
            using Scalar factor = weight;
            sum.add_(clients[i].Values, factor);
            total += weight;
        }

        return sum.div_(tensor((float)total));
    }

    private static List<ClientRecord> WithTrust(List<ClientRecord> records, IReadOnlyList<double> trust)
    {
        var next = 0;
        return trust.Count == 0
            ? records
            : records.ConvertAll(record => record with { Trust = record.Excluded ? 0 : trust[next++] });
    }

    // By every stride-th coordinate, all of them in small networks. Lengths are finite, and one of zero has a cosine of
    // zero.
    private static double[][] Similarity(List<Tensor> changes)
    {
        using var scope = NewDisposeScope();
        var rows = nn.functional.normalize(stack(changes), p: 2, dim: 1);
        var cosines = rows.mm(rows.t()).data<float>().ToArray();
        return
        [
            .. Enumerable
                .Range(0, changes.Count)
                .Select(i =>
                    Enumerable.Range(0, changes.Count).Select(j => (double)cosines[i * changes.Count + j]).ToArray()
                ),
        ];
    }
}
