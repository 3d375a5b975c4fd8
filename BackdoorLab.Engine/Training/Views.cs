using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Random views of whole batches, in one pass: every image of float [n,C,H,W] in [0,1] gets a change of its own, drawn
/// from the given stream.
/// </summary>
internal static class Views
{
    private static readonly Scalar Zero = 0f;
    private static readonly Scalar One = 1f;

    /// <summary>
    /// Turned by up to <paramref name="degrees"/> either way, then moved by up to a share of the size along each axis;
    /// nearest pixels, black beyond the edge, as torchvision's RandomRotation and RandomAffine.
    /// </summary>
    internal static Tensor Moved(Tensor images, double degrees, double share, Random random)
    {
        using var scope = NewDisposeScope();
        var (count, height, width) = ((int)images.shape[0], images.shape[2], images.shape[3]);
        var turn = new float[count * 6];
        var move = new float[count * 6];
        for (var i = 0; i < count; i++)
        {
            var angle = (2 * random.NextDouble() - 1) * degrees * Math.PI / 180;
            var (cos, sin) = (Math.Cos(angle), Math.Sin(angle));
            float[] rotation =
            [
                (float)cos,
                (float)(-sin * height / width),
                0,
                (float)(sin * width / height),
                (float)cos,
                0,
            ];
            rotation.CopyTo(turn, i * 6);

            // Whole pixels; coordinates run over two units.
            var (x, y) = (Shift(share * width, random), Shift(share * height, random));
            float[] shift = [1, 0, (float)(-2.0 * x / width), 0, 1, (float)(-2.0 * y / height)];
            shift.CopyTo(move, i * 6);
        }

        return Sampled(Sampled(images, turn), move).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// A random crop of a share of the area between <paramref name="leastArea"/> and all, of an aspect between 3:4 and
    /// 4:3, brought back to size, mirrored where that is allowed; bilinear.
    /// </summary>
    internal static Tensor Cropped(Tensor images, double leastArea, bool flip, Random random)
    {
        using var scope = NewDisposeScope();
        var count = (int)images.shape[0];
        var theta = new float[count * 6];
        for (var i = 0; i < count; i++)
        {
            var area = leastArea + (1 - leastArea) * random.NextDouble();
            var aspect = Math.Exp((2 * random.NextDouble() - 1) * Math.Log(4.0 / 3));
            var (w, h) = (Math.Min(1, Math.Sqrt(area * aspect)), Math.Min(1, Math.Sqrt(area / aspect)));
            var (x, y) = ((2 * random.NextDouble() - 1) * (1 - w), (2 * random.NextDouble() - 1) * (1 - h));
            var side = flip && random.Next(2) == 1 ? -1 : 1;
            float[] crop = [(float)(side * w), 0, (float)x, 0, (float)h, (float)y];
            crop.CopyTo(theta, i * 6);
        }

        return Sampled(images, theta, GridSampleMode.Bilinear).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Brightness, contrast and saturation times factors of up to 1 +- <paramref name="strength"/>, on a share of the
    /// images; a share of them grey. Images of one channel have no saturation.
    /// </summary>
    internal static Tensor Coloured(Tensor images, double strength, double share, double greyShare, Random random)
    {
        using var scope = NewDisposeScope();
        var count = (int)images.shape[0];
        var (brightness, contrast, saturation) = (new float[count], new float[count], new float[count]);
        for (var i = 0; i < count; i++)
        {
            var changed = random.NextDouble() < share;
            (brightness[i], contrast[i], saturation[i]) = changed
                ? (Factor(strength, random), Factor(strength, random), Factor(strength, random))
                : (1, 1, 1);
            saturation[i] = random.NextDouble() < greyShare ? 0 : saturation[i];
        }

        var lit = images.mul(PerImage(brightness)).clamp_(Zero, One);
        var contrasted = Mixed(lit, Grey(lit).mean([1, 2, 3], keepdim: true), contrast);
        var coloured = images.shape[1] == 3 ? Mixed(contrasted, Grey(contrasted), saturation) : contrasted;
        return coloured.MoveToOuterDisposeScope();
    }

    private static float Factor(double strength, Random random) =>
        (float)(1 + (2 * random.NextDouble() - 1) * strength);

    private static double Shift(double most, Random random) => Math.Round((2 * random.NextDouble() - 1) * most);

    private static Tensor PerImage(float[] factors) => tensor(factors, [factors.Length, 1, 1, 1]);

    // other + factor (values - other), clamped.
    private static Tensor Mixed(Tensor values, Tensor other, float[] factors) =>
        values.sub(other).mul(PerImage(factors)).add(other).clamp_(Zero, One);

    private static Tensor Grey(Tensor images) =>
        images.shape[1] == 3
            ? images.mul(tensor(new float[] { 0.299f, 0.587f, 0.114f }, [1, 3, 1, 1])).sum([1], keepdim: true)
            : images;

    private static Tensor Sampled(Tensor images, float[] theta, GridSampleMode mode = GridSampleMode.Nearest)
    {
        var grid = nn.functional.affine_grid(
            tensor(theta, [images.shape[0], 2, 3]),
            images.shape,
            align_corners: false
        );
        return nn.functional.grid_sample(images, grid, mode, GridSamplePaddingMode.Zeros, align_corners: false);
    }
}
