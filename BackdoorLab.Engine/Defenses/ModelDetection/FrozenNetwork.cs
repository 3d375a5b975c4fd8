using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Keeps a network in evaluation mode and its weights without gradients until this is disposed.</summary>
internal sealed class FrozenNetwork : IDisposable
{
    private readonly Classifier _network;
    private readonly bool _wasTraining;
    private readonly FrozenParameters _weights;

    internal FrozenNetwork(Classifier network)
    {
        (_network, _wasTraining) = (network, network.training);
        network.eval();
        _weights = new(network.parameters());
    }

    /// <summary>Gives the network its gradients and its mode back.</summary>
    public void Dispose()
    {
        _weights.Dispose();
        _network.train(_wasTraining);
    }
}
