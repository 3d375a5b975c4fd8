using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// The mean of the changes weighted by samples, sum of n_i s_i u_i / sum of n_i, as a running sum: one vector of
/// memory, however many clients. The scale s_i is 1 unless a rule clips.
/// </summary>
public class RunningMean(Aggregator rule, AggregationRound round) : RoundAggregation(rule, round)
{
    private readonly Tensor _sum = zeros(round.Parameters, ScalarType.Float32).DetachFromDisposeScope();

    /// <inheritdoc/>
    public override void Dispose()
    {
        _sum.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void Take(ClientUpdate update, int index)
    {
        using Scalar factor = update.Weight * Scale(update.Change);
        _sum.add_(update.Change, factor);
    }

    /// <summary>The factor s_i of a change before it is averaged.</summary>
    protected virtual double Scale(Tensor change) => 1;

    /// <summary>The weighted mean, float32 [P].</summary>
    protected Tensor Mean()
    {
        using Scalar total = Weights.Sum();
        return _sum.div(total);
    }

    /// <summary>n_i / sum of n_i.</summary>
    protected double[] Shares() => RobustMeans.Normalised(Weights);

    /// <inheritdoc/>
    protected override (Tensor Step, double[] Trust) Conclude() => (Mean(), Shares());
}
