using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>A protocol at work: what clients keep from round to round. Used on one thread.</summary>
public abstract class ProtocolSession(FederationContext context) : IDisposable
{
    /// <summary>Settings, network, local work, seeds.</summary>
    protected FederationContext Context { get; } = context;

    /// <summary>
    /// Tensors to be saved with the training, owned by the session; their names and shapes never change.
    /// </summary>
    public virtual IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>();

    /// <summary>Further state as text, saved beside <see cref="State"/>.</summary>
    public virtual string Counters
    {
        get => "";
        set { }
    }

    /// <summary>Whether a bit a parameter travels with an upload.</summary>
    public virtual bool SendsMasks => false;

    /// <summary>Before the first client of a round.</summary>
    public virtual void BeginRound() { }

    /// <summary>Trains a client from the global model.</summary>
    public abstract ClientResult Train(ClientTurn turn);

    /// <summary>After the last client of a round.</summary>
    public virtual void EndRound() { }

    /// <summary>The global weights float32 [P] after fusion, in the caller's scope; null where there is none.</summary>
    public virtual Tensor? Fuse(Tensor global) => null;

    /// <summary>
    /// Mean overlap of honest clients' masks, and of attackers' with honest ones (NaN without attackers); null without
    /// masks.
    /// </summary>
    /// <param name="attackers">How many of the first clients attack.</param>
    public virtual (double Honest, double Attackers)? Overlaps(int attackers) => null;

    /// <summary>The masks as they are now; null without masks.</summary>
    public virtual MaskCensus? Census() => null;

    /// <summary>Frees what the session holds.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Does work that only masks need, on the clock that a round's record tells. Not to be nested.</summary>
    protected T OnMasks<T>(Func<T> work) => Context.Training.OnMasks(work);

    /// <summary>
    /// What a client sends of the change from the global weights to its own, float32 [P] in the caller's scope; null
    /// when a number in it is not finite, or its length is more than float32 holds: rules measure and scale by it.
    /// </summary>
    protected static Tensor? SentChange(ClientTurn turn, Tensor weights)
    {
        using var scope = NewDisposeScope();
        var change = weights.sub(turn.Global);
        turn.Behaviour.Send(change);
        return float.IsFinite(change.norm().item<float>()) ? change.MoveToOuterDisposeScope() : null;
    }

    /// <summary>
    /// A vector float32 [P] as what gradients are multiplied by, for each parameter in its own layout; in the caller's
    /// scope.
    /// </summary>
    protected Tensor[] Shaped(Tensor mask) =>
        [.. Context.Layout.Parameters.Select((_, i) => Context.Layout.Shaped(mask, i))];
}
