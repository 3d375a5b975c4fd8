using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Where networks look, as pictures: the attention maps of their last stage on a few images.</summary>
internal static class AttentionFigure
{
    private const int Images = 4;

    /// <summary>Each image, then the maps before and after the repair.</summary>
    /// <param name="before">The network as it was given, in evaluation mode.</param>
    /// <param name="after">The repaired one, in evaluation mode.</param>
    /// <param name="images">Clean images; the first of different classes are shown.</param>
    /// <param name="run">Cancellation.</param>
    internal static ImageFigure Of(Classifier before, Classifier after, ImageSet images, RunContext run)
    {
        int[] shown = [.. Enumerable.Range(0, images.Count).DistinctBy(i => images.Labels[i]).Take(Images)];
        var (first, second) = (Maps(before, images, shown, run), Maps(after, images, shown, run));
        return new(
            "Attention of the last stage before and after",
            [
                .. shown.SelectMany(
                    (index, i) =>
                        new[]
                        {
                            images.Picture(images.ClassNames[images.Labels[index]], images.Image(index)),
                            new PixelImage("before", first.Side, first.Height, 1, first.Pixels[i]),
                            new PixelImage("after", second.Side, second.Height, 1, second.Pixels[i]),
                        }
                ),
            ]
        )
        {
            Note = "Bright is where the squared activations of all channels together are largest; each map for itself.",
        };
    }

    private static (int Side, int Height, byte[][] Pixels) Maps(
        Classifier network,
        ImageSet images,
        int[] shown,
        RunContext run
    )
    {
        run.ThrowIfCancelled();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var tap = new StageTap(FloatArithmetic.Instance);
        tap.Logits(network, Batches.Images(images, shown));
        var values = tap.Stages[^1].Values;
        var (height, width) = ((int)values.shape[2], (int)values.shape[3]);
        var rows = Inference.Floats(AttentionDistillation.Attention(values));
        return (width, height, [.. rows.Chunk(height * width).Select(Grey)]);
    }

    private static byte[] Grey(float[] map)
    {
        var largest = Math.Max(map.Max(), float.Epsilon);
        return Array.ConvertAll(map, value => (byte)MathF.Round(255 * value / largest));
    }
}
