using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Copies the whole state of a network into another of the same architecture.</summary>
public static class WeightsCopy
{
    /// <summary>
    /// Copies parameters, statistics and pruned channels in place; number formats of <paramref name="to"/> are kept,
    /// values converted.
    /// </summary>
    public static void CopyTo(Classifier from, Classifier to)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var source = from.named_parameters()
            .Select(entry => (entry.name, (Tensor)entry.parameter))
            .Concat(from.named_buffers().Select(entry => (entry.name, entry.buffer)))
            .ToDictionary(entry => entry.name, entry => entry.Item2);
        var target = to.named_parameters()
            .Select(entry => (entry.name, (Tensor)entry.parameter))
            .Concat(to.named_buffers().Select(entry => (entry.name, entry.buffer)))
            .ToList();
        if (source.Count != target.Count)
        {
            throw new ArgumentException($"The networks differ: {source.Count} and {target.Count} tensors.", nameof(to));
        }

        foreach (var (name, tensor) in target)
        {
            tensor.copy_(source[name]);
        }

        to.PruneLike(from);
    }
}
