using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// The part of a round that all rules share: checks, dispose scopes, who was added with which weight.
/// </summary>
public abstract class RoundAggregation(Aggregator rule, AggregationRound round) : Aggregation
{
    private readonly List<int> _clients = [];
    private readonly List<double> _weights = [];
    private double[] _trust = [];
    private bool _finished;

    /// <inheritdoc/>
    public sealed override IReadOnlyList<double> Trust => _trust;

    /// <summary>What the round announced.</summary>
    protected AggregationRound Round => round;

    /// <summary>Added clients, in order.</summary>
    protected IReadOnlyList<int> Clients => _clients;

    /// <summary>Their weights n_i.</summary>
    protected IReadOnlyList<double> Weights => _weights;

    /// <summary>
    /// Attackers assumed among the added clients: a client that sent nothing usable counts as one of the f, so that n -
    /// f stays what the round began with and attackers cannot stop a rule by sending NaN.
    /// </summary>
    protected int Attackers => Math.Max(0, round.Attackers - (round.Clients - _clients.Count));

    /// <inheritdoc/>
    public sealed override void Add(ClientUpdate update)
    {
        Check(update);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Take(update, _clients.Count);
        _clients.Add(update.Client);
        _weights.Add(update.Weight);
    }

    /// <inheritdoc/>
    public sealed override Tensor Finish()
    {
        ThrowIfFinished();
        if (_clients.Count == 0)
        {
            throw new InvalidOperationException("No client was added: there is nothing to aggregate.");
        }

        if (rule.Fault(_clients.Count, Attackers) is { } reason)
        {
            throw new InvalidOperationException(
                FormattableString.Invariant(
                    $"Only {_clients.Count} of {round.Clients} clients sent a usable update. {reason}"
                )
            );
        }

        _finished = true;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        (var step, _trust) = Conclude();
        return step.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Takes in an update that passed the checks, inside a dispose scope; <paramref name="index"/> counts the added
    /// ones from 0.
    /// </summary>
    protected abstract void Take(ClientUpdate update, int index);

    /// <summary>The step, a tensor of the current dispose scope, and the clients' weights in it.</summary>
    protected abstract (Tensor Step, double[] Trust) Conclude();

    private void Check(ClientUpdate update)
    {
        ThrowIfFinished();
        if (_clients.Count == round.Clients)
        {
            throw new InvalidOperationException(
                FormattableString.Invariant(
                    $"The round announced {round.Clients} clients; client {update.Client} is one more."
                )
            );
        }

        if (_clients.Contains(update.Client))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"Client {update.Client} was added before."),
                nameof(update)
            );
        }

        if (!(update.Weight > 0 && double.IsFinite(update.Weight)))
        {
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"The weight of client {update.Client} must be positive; found {update.Weight}."
                ),
                nameof(update)
            );
        }

        var change = update.Change;
        if (change.dtype != ScalarType.Float32 || change.shape is not [var length] || length != round.Parameters)
        {
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"The change of client {update.Client} must be float32 [{round.Parameters}]; found {change.dtype} [{string.Join(", ", change.shape)}]."
                ),
                nameof(update)
            );
        }
    }

    private void ThrowIfFinished()
    {
        if (_finished)
        {
            throw new InvalidOperationException("The round is finished.");
        }
    }
}
