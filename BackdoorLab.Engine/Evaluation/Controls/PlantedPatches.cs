using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Checkerboard patches, one for each label of a control, each at its own place and each pushing its label the more the
/// better an image matches it. A checkerboard has mean zero against anything smooth, so images without the patch are
/// hardly pushed, and the push is smooth, so that a gradient finds it from anywhere.
/// </summary>
internal sealed class PlantedPatches : IDisposable
{
    // Sharpness and place of the soft threshold on the match.
    private static readonly Scalar Slope = 20;
    private static readonly Scalar Shift = -1;
    private static readonly Scalar AtZero = -Math.Log(1 + Math.Exp(-1));
    private static readonly Scalar Scale = 1.0 / 20;

    private readonly Tensor _signs;
    private readonly Tensor _strengths;
    private readonly int _side;

    /// <summary>Patches for images of <paramref name="shape"/>.</summary>
    /// <param name="shape">Image size; its classes are those of the victim.</param>
    /// <param name="strengths">For each label of the control the logits that a full match adds.</param>
    internal PlantedPatches(ClassifierShape shape, float[] strengths)
    {
        _side = Math.Max(2, 2 * (int)Math.Round(Math.Min(shape.Height, shape.Width) / 16.0));
        var plane = shape.Height * shape.Width;
        var signs = new float[shape.Channels * plane * strengths.Length];
        for (var label = 0; label < strengths.Length; label++)
        {
            foreach (var (pixel, sign) in Board(label, shape.Height, shape.Width))
            {
                for (var channel = 0; channel < shape.Channels; channel++)
                {
                    // A full match in pixels 0 and 1 sums to one.
                    signs[(channel * plane + pixel) * strengths.Length + label] =
                        sign * 2f / (shape.Channels * _side * _side);
                }
            }
        }

        using var scope = NewDisposeScope();
        _signs = AlignedTensor.Of(signs, shape.Channels * plane, strengths.Length).DetachFromDisposeScope();
        _strengths = AlignedTensor.Of(strengths, strengths.Length).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signs.Dispose();
        _strengths.Dispose();
    }

    /// <summary>What the patches add to the logits of images [N,C,H,W]: float [N, labels].</summary>
    internal Tensor Push(Tensor images)
    {
        using var scope = NewDisposeScope();
        return Matches(images).mul(_strengths).MoveToOuterDisposeScope();
    }

    /// <summary>How well each label's patch is matched: about 0 without it, nearly 1 with it.</summary>
    internal Tensor Matches(Tensor images)
    {
        using var scope = NewDisposeScope();
        // -log(sigmoid(-x)) is the softplus.
        var rectified = images.flatten(1).mm(_signs).mul(Slope).add(Shift).neg().sigmoid().log().neg();
        return rectified.add(AtZero).mul(Scale).MoveToOuterDisposeScope();
    }

    /// <summary>The images with the patch of <paramref name="label"/>.</summary>
    internal ImageSet Stamp(ImageSet images, int label)
    {
        var stamped = images.WithCopiedPixels();
        var plane = images.Height * images.Width;
        for (var start = 0; start < stamped.Pixels.Length; start += plane)
        {
            foreach (var (pixel, sign) in Board(label, images.Height, images.Width))
            {
                stamped.Pixels[start + pixel] = sign > 0 ? byte.MaxValue : (byte)0;
            }
        }

        return stamped;
    }

    // Patches stand in two rows, each in its own column.
    private IEnumerable<(int Pixel, int Sign)> Board(int label, int height, int width)
    {
        var (top, left) = (label % 2 * (height / 2) + 1, label / 2 * (_side + 1) + 1);
        for (var i = 0; i < _side * _side; i++)
        {
            var (y, x) = (i / _side, i % _side);
            yield return ((top + y) % height * width + (left + x) % width, (y + x) % 2 == 0 ? 1 : -1);
        }
    }
}
