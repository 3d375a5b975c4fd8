using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>Collects the updates of a round as rows of one tensor and hands them to the rule.</summary>
internal sealed class MatrixAggregation(MatrixAggregator rule, AggregationRound round) : RoundAggregation(rule, round)
{
    private readonly Tensor _rows = empty(round.Clients, round.Parameters, ScalarType.Float32).DetachFromDisposeScope();

    /// <inheritdoc/>
    public override void Dispose()
    {
        _rows.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void Take(ClientUpdate update, int index) => _rows.select(0, index).copy_(update.Change);

    /// <inheritdoc/>
    protected override (Tensor Step, double[] Trust) Conclude() =>
        rule.Combine(
            new ReceivedUpdates
            {
                Rows = _rows.narrow(0, 0, Clients.Count),
                Clients = Clients,
                Weights = Weights,
                Attackers = Attackers,
                Round = Round,
            }
        );
}
