using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Training;

/// <summary>A task of two classes that is learnt in a few steps, and what the tests of training compare.</summary>
internal static class ToyTraining
{
    /// <summary>64 square images: class 0 is dark, class 1 is bright, with noise.</summary>
    internal static ImageSet Data(int side, int channels = 3)
    {
        var random = new SeedTree(3).Random();
        int[] labels = [.. Enumerable.Range(0, 64).Select(i => i % 2)];
        var size = channels * side * side;
        byte[] pixels =
        [
            .. labels.SelectMany(label =>
                Enumerable.Range(0, size).Select(_ => (byte)(60 + 100 * label + random.Next(40)))
            ),
        ];
        return new(pixels, labels, channels, side, side, ["dark", "bright"]);
    }

    /// <summary>A hash of all weights and statistics.</summary>
    internal static string Bits(Classifier model)
    {
        using var scope = NewDisposeScope();
        var state = model.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal);
        byte[] bytes = [.. state.SelectMany(pair => pair.Value.detach().contiguous().bytes.ToArray())];
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes));
    }

    /// <summary>A run of which nothing is asked but its random streams.</summary>
    internal static RunContext Run(
        CancellationToken cancellation = default,
        Action<double, double, string>? progress = null
    ) => new(new SeedTree(7), cancellation, progress);

    /// <summary>A run that is cancelled once so many steps are done.</summary>
    internal static RunContext StoppedAfter(int steps, CancellationTokenSource stop) =>
        Run(
            stop.Token,
            (done, _, _) =>
            {
                if (done >= steps)
                {
                    stop.Cancel();
                }
            }
        );
}
