using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using static TorchSharp.torch;

namespace BackdoorLab.Extension.Tests.Methods;

/// <summary>A client protocol in one file: clients train the last layer and nothing else.</summary>
[Method("head-training", "Head training", Summary = "Clients train and send the last layer alone.")]
public sealed record HeadTraining : ClientProtocol
{
    public override ProtocolSession Begin(FederationContext context) => new Session(context);

    private sealed class Session : ProtocolSession
    {
        private readonly Tensor _head;

        internal Session(FederationContext context)
            : base(context)
        {
            var layout = context.Layout;
            var body = layout.Sizes.Length - 2;
            _head = layout
                .Join(i => i < body ? zeros(layout.Sizes[i]) : ones(layout.Sizes[i]))
                .DetachFromDisposeScope();
        }

        public override ClientResult Train(ClientTurn turn)
        {
            using var scope = NewDisposeScope();
            Context.Layout.Write(turn.Global, turn.Statistics);
            var loss = Context.Training.Run(turn.Client, turn.Rate, Context.Layout, Shaped(_head), turn.Run);
            var change = SentChange(turn, Context.Layout.Read())?.mul_(_head).MoveToOuterDisposeScope();
            return new(change, loss, 0, Context.Layout.Sizes[^1] + Context.Layout.Sizes[^2]);
        }

        public override void Dispose()
        {
            _head.Dispose();
            base.Dispose();
        }
    }
}
