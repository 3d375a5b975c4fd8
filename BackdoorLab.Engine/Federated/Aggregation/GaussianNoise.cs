using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>Noise that a server adds to its step.</summary>
internal static class GaussianNoise
{
    /// <summary>
    /// Adds independent N(0, deviation^2) to every coordinate, in place; draws nothing at deviation 0.
    /// </summary>
    internal static void AddTo(Tensor step, double deviation, SeedTree seeds)
    {
        if (deviation <= 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seeds.Child("aggregator-noise").Seed);
        using Scalar factor = deviation;
        step.add_(randn(step.shape[0], ScalarType.Float32, generator: generator), factor);
    }
}
