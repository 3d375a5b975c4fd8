using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Named tensors that an aggregator keeps from round to round (FoolsGold's histories). The simulation saves
/// <see cref="Tensors"/> with its checkpoint and restores them by copying into what <see cref="GetOrAdd"/> returns.
/// </summary>
public sealed class AggregatorMemory : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    /// <summary>All tensors, by name; owned by the memory.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    /// <summary>
    /// The tensor of this name: float32 [length], zeros when it is new; outside every dispose scope and owned by the
    /// memory.
    /// </summary>
    /// <exception cref="ArgumentException">A tensor of this name has another length: the memory belongs to another
    /// model.</exception>
    public Tensor GetOrAdd(string name, long length)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
        {
            _tensors[name] = tensor = zeros(length, ScalarType.Float32).DetachFromDisposeScope();
        }
        else if (tensor.shape[0] != length)
        {
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"The memory '{name}' holds {tensor.shape[0]} numbers, not {length}: it belongs to another model."
                ),
                nameof(length)
            );
        }

        return tensor;
    }

    /// <summary>Frees all tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
        {
            tensor.Dispose();
        }

        _tensors.Clear();
    }
}
