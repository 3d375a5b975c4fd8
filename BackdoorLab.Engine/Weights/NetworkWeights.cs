using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Weights;

/// <summary>Puts numbers of a file into a network.</summary>
internal static class NetworkWeights
{
    /// <summary>Overwrites the weights and statistics that are named; others stay as they are.</summary>
    /// <param name="network">Changed in place.</param>
    /// <param name="weights">Numbers by the network's own names, row-major.</param>
    internal static void Fill(Classifier network, IReadOnlyDictionary<string, float[]> weights)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, target) in network.state_dict())
        {
            if (weights.TryGetValue(name, out var values))
            {
                target.copy_(tensor(values).reshape(target.shape));
            }
        }
    }
}
