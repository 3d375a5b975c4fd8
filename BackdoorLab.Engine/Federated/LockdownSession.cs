using System.Diagnostics;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>Lockdown at work: a mask for each client, how many coordinates it pruned last, and the votes that fusion counts.</summary>
internal sealed class LockdownSession : ProtocolSession
{
    private readonly Lockdown _options;
    private readonly Tensor _masks;
    private readonly Tensor _votes;
    private int[]?[] _pruned;

    internal LockdownSession(Lockdown options, FederationContext context)
        : base(context)
    {
        _options = options;
        var (clients, layout) = (context.Federation.Simulation.Clients, context.Layout);
        var densities = options.Spread == MaskSpread.Erk
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

    internal override IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["masks"] = _masks, ["votes"] = _votes };

    internal override string Counters
    {
        get => JsonSerializer.Serialize(_pruned);
        set => _pruned = JsonSerializer.Deserialize<int[]?[]>(value)!;
    }

    internal override bool SendsMasks => true;

    internal override void BeginRound()
    {
        if (_options.FusionMasks == FusionMasks.StartOfRound)
        {
            Count();
        }
    }

    internal override void EndRound()
    {
        if (_options.FusionMasks == FusionMasks.EndOfRound)
        {
            Count();
        }
    }

    internal override ClientResult Train(ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        var policy = turn.IsAttacker ? Context.Federation.Attacker.Masks : MaskPolicy.Follow;
        var mask = policy == MaskPolicy.Consensus ? Consensus() : _masks[turn.Client].clone();

        // Weights start from the mask before recovery: a recovered coordinate starts at zero and takes the global value next round.
        Context.Layout.Write(turn.Global.mul(mask), turn.Statistics);
        var watch = Stopwatch.StartNew();
        if (policy == MaskPolicy.Follow && _pruned[turn.Client] is { } counts)
        {
            mask = Recovered(mask, counts, turn);
        }

        var recovery = watch.Elapsed.TotalSeconds;
        var loss = Context.Training.Run(turn.Client, turn.Rate, Context.Layout, Shaped(mask.to_type(ScalarType.Float32)), turn.Run);
        var change = FiniteChange(turn);
        if (change is null)
        {
            return new(null, loss, recovery, 0);
        }

        mask = policy switch
        {
            MaskPolicy.Follow => Pruned(mask, turn),
            MaskPolicy.LeastMoved when turn.LastStep is { } step => LeastMoved(step),
            _ => mask,
        };
        change.mul_(mask);
        _masks[turn.Client].copy_(mask);
        return new(change.MoveToOuterDisposeScope(), loss, recovery, mask.sum().item<long>());
    }

    internal override Tensor? Fuse(Tensor global)
    {
        if (_options.Quorum == 0)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        return global.mul(Consensus()).MoveToOuterDisposeScope();
    }

    internal override (double Honest, double Attackers)? Overlaps(int attackers)
    {
        var overlap = Overlap();
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

    internal override MaskCensus Census()
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
            Overlap());
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _masks.Dispose();
        _votes.Dispose();
    }

    private void Count()
    {
        using var scope = NewDisposeScope();
        _votes.copy_(_masks.sum([0L]));
    }

    // bool [P]: coordinates with the quorum, by the votes counted last.
    private Tensor Consensus() => _votes.ge(tensor((float)_options.Quorum));

    private Tensor Recovered(Tensor mask, int[] counts, ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        var layout = Context.Layout;
        if (_options.Recovery == MaskRecovery.Random)
        {
            return layout.Join(i => SubspaceMask.RecoverRandomly(layout.Part(mask, i), counts[i], turn.Run.Seeds.Child("recovery").Child(i).Random())).MoveToOuterDisposeScope();
        }

        var gradients = Context.Training.SumGradients(turn.Client, layout, turn.Run);
        // The pass has moved the running statistics; only training may.
        layout.WriteStatistics(turn.Statistics);
        return layout.Join(i => SubspaceMask.Recover(layout.Part(mask, i), layout.Part(gradients, i), counts[i])).MoveToOuterDisposeScope();
    }

    private Tensor Pruned(Tensor mask, ClientTurn turn)
    {
        using var scope = NewDisposeScope();
        var layout = Context.Layout;
        var (weights, rate) = (layout.Read(), _options.RateAt(turn.Round, Context.Federation.Simulation.Rounds));
        int[] counts = [.. layout.Names.Select((_, i) => SubspaceMask.Count(rate, layout.Part(mask, i).sum().item<long>()))];
        _pruned[turn.Client] = counts;
        return layout.Join(i => SubspaceMask.Prune(layout.Part(mask, i), layout.Part(weights, i), counts[i])).MoveToOuterDisposeScope();
    }

    // Jaccard: |A and B| / |A or B| for each pair, counted tensor by tensor so that no float copy of all masks exists.
    private double[][] Overlap()
    {
        using var scope = NewDisposeScope();
        var clients = (int)_masks.shape[0];
        var both = zeros(clients, clients, dtype: ScalarType.Float64);
        for (var i = 0; i < Context.Layout.Names.Length; i++)
        {
            using var part = NewDisposeScope();
            var ones = Context.Layout.Part(_masks, i).to_type(ScalarType.Float32);
            both.add_(ones.mm(ones.t()).to_type(ScalarType.Float64), ParameterLayout.One);
        }

        var counts = both.data<double>().ToArray();
        return [.. Enumerable.Range(0, clients).Select(a => Enumerable.Range(0, clients).Select(b =>
        {
            var (shared, union) = (counts[a * clients + b], counts[a * clients + a] + counts[b * clients + b] - counts[a * clients + b]);
            return union > 0 ? shared / union : 1;
        }).ToArray())];
    }
}
