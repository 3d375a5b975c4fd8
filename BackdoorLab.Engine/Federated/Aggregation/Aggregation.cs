using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>One round of an aggregator: updates in, one step out. Used on one thread, finished once.</summary>
public abstract class Aggregation : IDisposable
{
    /// <summary>Takes the update of one client; keeps no reference to its tensor.</summary>
    /// <exception cref="ArgumentException">The change is not float32 [P], the weight is not positive, or the client was
    /// added before.</exception>
    /// <exception cref="InvalidOperationException">More clients than the round announced, or the round is
    /// finished.</exception>
    public abstract void Add(ClientUpdate update);

    /// <summary>
    /// float32 [P]: the step of the global parameters before the server's rate; moved to the caller's dispose scope.
    /// </summary>
    /// <exception cref="InvalidOperationException">No client was added, or too few for the rule (see
    /// <see cref="Aggregator.Fault"/>), or the round is finished.</exception>
    public abstract Tensor Finish();

    /// <summary>
    /// After <see cref="Finish"/>: the weight that each added client had in the result, in order of <see cref="Add"/>;
    /// not negative, sums to about 1. Where changes are clipped first, it is the weight of the clipped change. Empty
    /// for a rule that is no weighted mean of clients.
    /// </summary>
    public virtual IReadOnlyList<double> Trust => [];

    /// <summary>Frees what the round holds; the step lives on.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
