using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>All updates of a round, for a rule that compares them.</summary>
public sealed class ReceivedUpdates
{
    /// <summary>float32 [n, P], one row a client; not to be changed.</summary>
    public required Tensor Rows { get; init; }

    /// <summary>Client of each row.</summary>
    public required IReadOnlyList<int> Clients { get; init; }

    /// <summary>Samples n_i behind each row.</summary>
    public required IReadOnlyList<double> Weights { get; init; }

    /// <summary>Attackers f assumed among the rows.</summary>
    public required int Attackers { get; init; }

    /// <summary>What the round announced.</summary>
    public required AggregationRound Round { get; init; }
}
