using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Defenses;

/// <summary>What a <see cref="RobustTrainer"/> made.</summary>
/// <param name="network">The trained float network, which this owns.</param>
public sealed class RobustModel(Classifier network) : IDisposable
{
    /// <summary>The trained float network.</summary>
    public Classifier Network { get; } = network;

    /// <summary>Which training samples it took for poison; null where it says nothing of single samples.</summary>
    public bool[]? TakenForPoison { get; init; }

    /// <summary>What else it tells.</summary>
    public MethodReport Report { get; init; } = new([], [], "");

    /// <summary>
    /// What <paramref name="train"/> makes of a network, which it trains in place; where it fails or is cancelled,
    /// nobody keeps the network.
    /// </summary>
    public static RobustModel Of(Classifier network, RunContext run, Func<Classifier, RobustModel> train)
    {
        try
        {
            var trained = train(network);
            network.eval();
            run.ThrowIfCancelled();
            return trained;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();
}
