using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Lockdown at work: a mask for each client, how many coordinates it pruned last, and the votes that fusion counts.
/// </summary>
internal sealed class LockdownSession : ProtocolSession
{
    private static readonly Scalar OneVote = 1;

    private readonly Lockdown _options;
    private readonly Tensor _masks;
    private readonly Tensor _votes;
    private int[]?[] _pruned;

    internal LockdownSession(Lockdown options, FederationContext context)
        : base(context)
    {
        _options = options;
        var (clients, layout) = (context.Federation.Simulation.Clients, context.Layout);
        var densities =
            options.Spread == MaskSpread.Erk
                ? MaskDensities.Erk([.. layout.Parameters.Select(parameter => parameter.shape)], options.Density)
                : MaskDensities.Uniform(layout.Parameters.Length, options.Density);
        _masks = empty(clients, layout.Length, dtype: ScalarType.Bool).DetachFromDisposeScope();
        _votes = zeros(layout.Length).DetachFromDisposeScope();
        _pruned = new int[]?[clients];
        using var scope = NewDisposeScope();
        for (var client = 0; client < clients; client++)
        {
            if (client > 0 && options.SameMask)
            {
                _masks[client].copy_(_masks[0]);
                continue;
            }

            var seeds = context.Seeds.Child("mask").Child(client);
            for (var i = 0; i < layout.Sizes.Length; i++)
            {
                using var part = tensor(SubspaceMask.Draw(layout.Sizes[i], densities[i], seeds.Child(i).Random()));
                layout.Part(_masks[client], i).copy_(part);
            }
        }
    }

    public override IReadOnlyDictionary<string, Tensor> State =>
        new Dictionary<string, Tensor> { ["masks"] = _masks, ["votes"] = _votes };

    public override string Counters
    {
        get => JsonSerializer.Serialize(_pruned);
        set => _pruned = JsonSerializer.Deserialize<int[]?[]>(value)!;
    }

    public override bool SendsMasks => true;

    public override void BeginRound()
    {
        if (_options.FusionMasks == FusionMasks.StartOfRound)
        {
            Count();
        }
    }

    public override void EndRound()
    {
        if (_options.FusionMasks == FusionMasks.EndOfRound)
        {
            Count();
        }
    }

    public override ClientResult Train(ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        var behaviour = turn.Behaviour;
        var view = new AttackerTurn(Context, turn, HasVotes(turn.Round) ? Consensus : null);
        // Weights start from the mask before recovery: a recovered coordinate starts at zero and takes the global value
        // next round.
        var mask = behaviour.Trained(view) ?? OnMasks(() => _masks[turn.Client].clone());
        Context.Layout.Write(OnMasks(() => turn.Global.mul(mask.to_type(ScalarType.Float32))), turn.Statistics);
        var screening = behaviour.MovesMask && _pruned[turn.Client] is { } counts ? Recover(mask, counts, turn) : 0;
        var factors = OnMasks(() => mask.to_type(ScalarType.Float32));
        var loss = Context.Training.Run(
            turn.Client,
            turn.Rate,
            Context.Layout,
            OnMasks(() => Shaped(factors)),
            turn.Run
        );
        var weights = Context.Layout.Read();
        if (SentChange(turn, weights) is not { } change)
        {
            return new(null, loss, screening, 0);
        }

        var kept = behaviour.Kept(view);
        var active = OnMasks(() => Cut(change, mask, kept, factors, weights, turn));
        return new(change.MoveToOuterDisposeScope(), loss, screening, active);
    }

    public override Tensor? Fuse(Tensor global)
    {
        if (_options.Quorum == 0)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        return OnMasks(() => global.mul(Consensus().to_type(ScalarType.Float32))).MoveToOuterDisposeScope();
    }

    public override (double Honest, double Attackers)? Overlaps(int attackers)
    {
        var overlap = OnMasks(() => MaskOverlap.Jaccard(_masks));
        var (honest, mixed) = (new List<double>(), new List<double>());
        for (var i = 0; i < overlap.Length; i++)
        {
            for (var j = Math.Max(i + 1, attackers); j < overlap.Length; j++)
            {
                (i < attackers ? mixed : honest).Add(overlap[i][j]);
            }
        }

        return (honest.Count > 0 ? honest.Average() : 1, mixed.Count > 0 ? mixed.Average() : double.NaN);
    }

    public override MaskCensus Census()
    {
        using var scope = NewDisposeScope();
        var layout = Context.Layout;
        var counts = _masks.sum([0L], type: ScalarType.Float32);
        var kept = counts.ge(tensor((float)_options.Quorum)).to_type(ScalarType.Float32);
        var votes = counts.to_type(ScalarType.Int64).bincount(null, _masks.shape[0] + 1).data<long>().ToArray();
        return new(
            layout.Names,
            [.. layout.Names.Select((_, i) => layout.Part(counts, i).mean().item<float>() / (double)_masks.shape[0])],
            [.. layout.Names.Select((_, i) => (double)layout.Part(kept, i).mean().item<float>())],
            votes,
            MaskOverlap.Jaccard(_masks)
        );
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _masks.Dispose();
        _votes.Dispose();
        base.Dispose();
    }

    private void Count()
    {
        using var scope = NewDisposeScope();
        OnMasks(() =>
        {
            var votes = _votes.zero_();
            foreach (var block in Enumerable.Range(0, (int)_masks.shape[0]).Chunk(byte.MaxValue))
            {
                var counted = zeros(_votes.numel(), dtype: ScalarType.Byte);
                foreach (var client in block)
                {
                    using var part = NewDisposeScope();
                    counted.add_(_masks[client].to_type(ScalarType.Byte), OneVote);
                }

                votes.add_(counted.to_type(ScalarType.Float32), ParameterLayout.One);
            }

            return votes;
        });
    }

    // Votes of the masks that clients end a round with are first counted after the first round.
    private bool HasVotes(int round) => round > 1 || _options.FusionMasks == FusionMasks.StartOfRound;

    // bool [P]: coordinates with the quorum, by the votes counted last.
    private Tensor Consensus() => _votes.ge(tensor((float)_options.Quorum));

    // Takes coordinates back into the mask, in place; the seconds of the pass that screens gradients.
    private double Recover(Tensor mask, int[] counts, ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        var layout = Context.Layout;
        if (_options.Recovery == MaskRecovery.Random)
        {
            OnParts(i =>
                SubspaceMask.RecoverRandomly(
                    layout.Flags(mask, i),
                    counts[i],
                    turn.Run.Seeds.Child("recovery").Child(i).Random()
                )
            );
            return 0;
        }

        var watch = Stopwatch.StartNew();
        var gradients = Context.Training.SumGradients(turn.Client, layout, turn.Run);
        // The pass has moved the running statistics; only training may.
        layout.WriteStatistics(turn.Statistics);
        var seconds = watch.Elapsed.TotalSeconds;
        OnParts(i => SubspaceMask.Recover(layout.Flags(mask, i), layout.Floats(gradients, i), counts[i]));
        return seconds;
    }

    // Cuts the change by the mask that the client ends the round with, and keeps that mask; the coordinates in it.
    private long Cut(Tensor change, Tensor mask, Tensor? kept, Tensor factors, Tensor weights, ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        change.mul_(kept?.to_type(ScalarType.Float32) ?? factors);
        if (turn.Behaviour.MovesMask)
        {
            Prune(mask, weights, change, turn);
        }

        var sent = kept ?? mask;
        _masks[turn.Client].copy_(sent);
        return SubspaceMask.Ones(MemoryMarshal.Cast<byte, bool>(sent.bytes));
    }

    private void Prune(Tensor mask, Tensor weights, Tensor change, ClientTurn turn)
    {
        var (layout, rate) = (Context.Layout, _options.RateAt(turn.Round, Context.Federation.Simulation.Rounds));
        int[] counts =
        [
            .. layout.Names.Select((_, i) => SubspaceMask.Count(rate, SubspaceMask.Ones(layout.Flags(mask, i)))),
        ];
        _pruned[turn.Client] = counts;
        for (var i = 0; i < counts.Length; i++)
        {
            SubspaceMask.Prune(layout.Flags(mask, i), layout.Floats(weights, i), counts[i], layout.Floats(change, i));
        }
    }

    private void OnParts(Action<int> work) =>
        OnMasks(() =>
        {
            for (var i = 0; i < Context.Layout.Names.Length; i++)
            {
                work(i);
            }

            return 0;
        });
}
