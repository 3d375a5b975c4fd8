using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>What a protocol works with.</summary>
/// <param name="Federation">Settings.</param>
/// <param name="Layout">The shared network's parameters.</param>
/// <param name="Training">Local work.</param>
/// <param name="Seeds">Streams of the whole training.</param>
internal sealed record FederationContext(Federation Federation, ParameterLayout Layout, ClientTraining Training, SeedTree Seeds);

/// <summary>A client's turn in a round.</summary>
/// <param name="Client">Which.</param>
/// <param name="IsAttacker">Whether it attacks.</param>
/// <param name="Round">From 1.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="Global">Global weights float [P].</param>
/// <param name="Statistics">Global normalisation statistics.</param>
/// <param name="LastStep">The step of the round before, float [P]; null in the first.</param>
/// <param name="Run">Random streams of this client's round.</param>
internal sealed record ClientTurn(
    int Client, bool IsAttacker, int Round, double Rate, Tensor Global, Tensor Statistics, Tensor? LastStep, RunContext Run);

/// <summary>What a turn gave.</summary>
/// <param name="Change">float [P], in the caller's scope; null of a client that diverged.</param>
/// <param name="Loss">Mean loss of the last epoch.</param>
/// <param name="ScreeningSeconds">Time of the pass that screens gradients.</param>
/// <param name="Active">Coordinates that the upload may touch.</param>
internal sealed record ClientResult(Tensor? Change, double Loss, double ScreeningSeconds, long Active);

/// <summary>A protocol at work: what clients keep from round to round.</summary>
internal abstract class ProtocolSession(FederationContext context) : IDisposable
{
    private protected FederationContext Context { get; } = context;

    /// <summary>Runs while masks are worked on, in a client's steps too.</summary>
    internal Stopwatch MaskClock => Context.Training.MaskClock;

    /// <summary>Tensors to be saved with the training; fixed shapes.</summary>
    internal virtual IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>();

    /// <summary>Further state as text.</summary>
    internal virtual string Counters { get => ""; set { } }

    /// <summary>Whether a bit a parameter travels with an upload.</summary>
    internal virtual bool SendsMasks => false;

    /// <summary>Before the first client of a round.</summary>
    internal virtual void BeginRound()
    {
    }

    /// <summary>Trains a client from the global model.</summary>
    internal abstract ClientResult Train(ClientTurn turn);

    /// <summary>After the last client of a round.</summary>
    internal virtual void EndRound()
    {
    }

    /// <summary>The global weights after fusion, in the caller's scope; null where there is none.</summary>
    internal virtual Tensor? Fuse(Tensor global) => null;

    /// <summary>Mean overlap of honest clients' masks, and of attackers' with honest ones.</summary>
    internal virtual (double Honest, double Attackers)? Overlaps(int attackers) => null;

    /// <summary>The masks as they are now; null without masks.</summary>
    internal virtual MaskCensus? Census() => null;

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>Does work that only masks need, on the clock.</summary>
    private protected T OnMasks<T>(Func<T> work)
    {
        MaskClock.Start();
        try
        {
            return work();
        }
        finally
        {
            MaskClock.Stop();
        }
    }

    /// <summary>
    /// The change from the global weights to a client's, an attacker's by its factor; null when a number in it is not finite, or its length
    /// is more than float32 holds: rules measure and scale by it.
    /// </summary>
    private protected Tensor? FiniteChange(ClientTurn turn, Tensor weights)
    {
        using var scope = NewDisposeScope();
        var change = weights.sub(turn.Global);
        if (turn.IsAttacker && Context.Federation.Attacker.Factor != 1)
        {
            change.mul_(tensor((float)Context.Federation.Attacker.Factor));
        }

        return float.IsFinite(change.norm().item<float>()) ? change.MoveToOuterDisposeScope() : null;
    }

    /// <summary>What gradients are multiplied by, for each parameter in its own layout; owned by the caller's scope.</summary>
    private protected Tensor[] Shaped(Tensor mask) => [.. Context.Layout.Parameters.Select((_, i) => Context.Layout.Shaped(mask, i))];

    /// <summary>The share of each tensor that the last step moved least: bool [P].</summary>
    private protected Tensor LeastMoved(Tensor lastStep) =>
        Context.Layout.Join(i => SubspaceMask.Smallest(Context.Layout.Part(lastStep, i), Context.Federation.Attacker.LeastMovedShare));
}

/// <summary>Dense training.</summary>
internal sealed class DenseSession(FederationContext context) : ProtocolSession(context)
{
    internal override ClientResult Train(ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        Context.Layout.Write(turn.Global, turn.Statistics);
        var masks = turn is { IsAttacker: true, LastStep: not null } && Context.Federation.Attacker.Masks == MaskPolicy.LeastMoved
            ? OnMasks(() => Shaped(LeastMoved(turn.LastStep).to_type(ScalarType.Float32)))
            : null;
        var loss = Context.Training.Run(turn.Client, turn.Rate, Context.Layout, masks, turn.Run);
        return new(FiniteChange(turn, Context.Layout.Read())?.MoveToOuterDisposeScope(), loss, 0, Context.Layout.Length);
    }
}
