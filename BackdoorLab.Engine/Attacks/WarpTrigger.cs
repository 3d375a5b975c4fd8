using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>A trigger that reads the image at other places: a sampling grid, the same for every image.</summary>
/// <param name="grid">float [H*W*2]: column and row that each pixel shows, from -1 (middle of the first) to 1 (middle
/// of the last).</param>
/// <param name="height">H.</param>
/// <param name="width">W.</param>
internal sealed class WarpTrigger(float[] grid, int height, int width) : Trigger
{
    // Made once: a temporary native scalar can be freed under the call.
    private static readonly Scalar Black = 0f;
    private static readonly Scalar White = 1f;

    /// <summary>Uniform shifts of mean magnitude 1, float [2*side*side]: of columns, then of rows.</summary>
    internal static float[] Field(int side, Random random)
    {
        float[] field = [.. Enumerable.Range(0, 2 * side * side).Select(_ => 2 * random.NextSingle() - 1)];
        var mean = field.Average(Math.Abs);
        return [.. field.Select(shift => shift / mean)];
    }

    /// <summary>The identity grid, shifted by an upsampled field and clipped.</summary>
    /// <param name="field">float [2*side*side].</param>
    /// <param name="side">Points on each side of the field.</param>
    /// <param name="strength">Factor of the field over the image's side.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Its columns.</param>
    internal static float[] Grid(float[] field, int side, double strength, int height, int width)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var shifts = Inference.Floats(
            nn.functional.interpolate(
                tensor(field, new long[] { 1, 2, side, side }),
                size: [height, width],
                mode: InterpolationMode.Bicubic,
                align_corners: true
            )
        );
        var grid = new float[2 * height * width];
        for (var pixel = 0; pixel < height * width; pixel++)
        {
            grid[2 * pixel] = Moved(pixel % width, width, shifts[pixel]);
            grid[2 * pixel + 1] = Moved(pixel / width, height, shifts[height * width + pixel]);
        }

        return grid;

        float Moved(int at, int of, float shift) =>
            (float)Math.Clamp((of == 1 ? 0 : -1 + 2.0 * at / (of - 1)) + strength * shift / of, -1, 1);
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor images)
    {
        using var scope = NewDisposeScope();
        var all = tensor(grid, new long[] { 1, height, width, 2 }).expand(images.shape[0], -1, -1, -1);
        return Read(images, all).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same warp plus uniform noise of up to a side's length over itself (half a pixel), another one for every
    /// training image.
    /// </summary>
    internal Trigger WithNoise(SeedTree seeds) => new Noisy(grid, height, width, seeds);

    private static Tensor Read(Tensor images, Tensor grids)
    {
        using var noGrad = no_grad();
        return nn
            .functional.grid_sample(
                images,
                grids,
                mode: GridSampleMode.Bilinear,
                padding_mode: GridSamplePaddingMode.Zeros,
                align_corners: true
            )
            .clamp_(Black, White);
    }

    private sealed class Noisy(float[] grid, int height, int width, SeedTree seeds) : NumberedTrigger
    {
        public override Tensor Apply(Tensor images, ReadOnlySpan<int> indices)
        {
            using var scope = NewDisposeScope();
            var grids = new float[indices.Length * grid.Length];
            for (var image = 0; image < indices.Length; image++)
            {
                var random = seeds.Child(indices[image]).Random();
                for (var i = 0; i < grid.Length; i++)
                {
                    var noise = (2 * random.NextSingle() - 1) / (i % 2 == 0 ? width : height);
                    grids[image * grid.Length + i] = Math.Clamp(grid[i] + noise, -1, 1);
                }
            }

            return Read(images, tensor(grids, new long[] { indices.Length, height, width, 2 }))
                .MoveToOuterDisposeScope();
        }
    }
}
