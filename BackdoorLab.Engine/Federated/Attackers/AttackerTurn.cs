using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>What an attacker knows when its turn in a round comes.</summary>
/// <param name="context">The training it is part of.</param>
/// <param name="turn">Which client and round, the global model, the last step.</param>
/// <param name="votes">
/// Whether coordinates have the quorum of the clients' masks, bool [P], by the votes counted last; null where there are
/// no masks, or before any are counted.
/// </param>
public sealed class AttackerTurn(FederationContext context, ClientTurn turn, Func<Tensor>? votes = null)
{
    /// <summary>Which client and round, the global model, the last step.</summary>
    public ClientTurn Client => turn;

    /// <summary>The network's parameters, by which the coordinates of a vector [P] are told apart.</summary>
    public ParameterLayout Layout => context.Layout;

    /// <summary>Whether clients keep masks.</summary>
    public bool HasMask => context.Federation.Protocol.KeepsMasks;

    /// <summary>
    /// What the consensus of all masks would keep now, bool [P]; null before votes are counted, or where there are no
    /// masks.
    /// </summary>
    public Tensor? Consensus() => votes is null ? null : context.Training.OnMasks(votes);

    /// <summary>
    /// The share of each parameter's coordinates, rounded down, that the last aggregated step moved least, bool [P];
    /// null in the first round, before any step.
    /// </summary>
    /// <param name="share">0..1.</param>
    public Tensor? LeastMoved(double share) =>
        turn.LastStep is not { } step
            ? null
            : context.Training.OnMasks(() =>
                context.Layout.Join(i => SubspaceMask.Smallest(context.Layout.Part(step, i), share))
            );
}
