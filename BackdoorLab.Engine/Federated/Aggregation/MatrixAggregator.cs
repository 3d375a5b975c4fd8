using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>A rule that compares updates with each other and so holds all of them: n x P floats of memory.</summary>
public abstract record MatrixAggregator : Aggregator
{
    /// <inheritdoc/>
    public sealed override Aggregation Begin(AggregationRound round) => new MatrixAggregation(this, Accept(round));

    /// <summary>
    /// The step, a tensor of the current dispose scope, and the clients' weights in it; empty weights for a rule per
    /// coordinate.
    /// </summary>
    public abstract (Tensor Step, double[] Trust) Combine(ReceivedUpdates updates);
}
