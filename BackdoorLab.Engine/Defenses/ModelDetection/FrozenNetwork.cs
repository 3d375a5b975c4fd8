using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Keeps a network in evaluation mode and its weights without gradients until this is disposed.</summary>
internal sealed class FrozenNetwork : IDisposable
{
    private readonly Classifier _network;
    private readonly bool _wasTraining;
    private readonly List<Tensor> _frozen = [];

    internal FrozenNetwork(Classifier network)
    {
        (_network, _wasTraining) = (network, network.training);
        network.eval();
        foreach (var parameter in network.parameters().Where(parameter => parameter.requires_grad))
        {
            parameter.requires_grad = false;
            _frozen.Add(parameter);
        }
    }

    /// <summary>Gives the network its gradients and its mode back.</summary>
    public void Dispose()
    {
        foreach (var parameter in _frozen)
        {
            parameter.requires_grad = true;
        }

        _network.train(_wasTraining);
    }
}
