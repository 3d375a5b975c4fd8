using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Every parameter is trained by every client: the client side of FedAvg and of all robust aggregators.
/// </summary>
[Method(
    "dense-training",
    "Dense training",
    Order = 1,
    Summary = "Clients train all parameters of the received model and send the difference.",
    Paper = "B. McMahan, E. Moore, D. Ramage, S. Hampson, B. Agüera y Arcas: "
        + "Communication-Efficient Learning of Deep Networks from Decentralized Data. AISTATS 2017."
)]
public sealed record DenseTraining : ClientProtocol
{
    /// <inheritdoc/>
    public override ProtocolSession Begin(FederationContext context) => new Session(context);

    private sealed class Session(FederationContext context) : ProtocolSession(context)
    {
        public override ClientResult Train(ClientTurn turn)
        {
            using var scope = NewDisposeScope();
            var (layout, training) = (Context.Layout, Context.Training);
            layout.Write(turn.Global, turn.Statistics);
            var masks = turn.Behaviour.Trained(new AttackerTurn(Context, turn)) is { } trained
                ? OnMasks(() => Shaped(trained.to_type(ScalarType.Float32)))
                : null;
            var loss = training.Run(turn.Client, turn.Rate, layout, masks, turn.Run);
            return new(SentChange(turn, layout.Read())?.MoveToOuterDisposeScope(), loss, 0, layout.Length);
        }
    }
}
