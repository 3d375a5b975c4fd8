using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Parameters that get no gradient until this is disposed; those that had none keep having none.</summary>
internal sealed class FrozenParameters : IDisposable
{
    private readonly List<Tensor> _frozen = [];

    internal FrozenParameters(params IEnumerable<Tensor> parameters)
    {
        foreach (var parameter in parameters)
        {
            Add(parameter);
        }
    }

    /// <summary>Freezes one more; one that is frozen already stays so.</summary>
    internal void Add(Tensor parameter)
    {
        if (parameter.requires_grad)
        {
            parameter.requires_grad = false;
            _frozen.Add(parameter);
        }
    }

    /// <summary>Gives them their gradients back.</summary>
    public void Dispose() => _frozen.ForEach(parameter => parameter.requires_grad = true);
}
