using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>Where a patch sits.</summary>
public enum PatchPlace
{
    /// <summary>Lower right.</summary>
    BottomRight,

    /// <summary>Lower left.</summary>
    BottomLeft,

    /// <summary>Upper right.</summary>
    TopRight,

    /// <summary>Upper left.</summary>
    TopLeft,

    /// <summary>Middle; the margin is ignored.</summary>
    Center,
}

/// <summary>What a patch shows.</summary>
public enum PatchPattern
{
    /// <summary>Black and white squares of one pixel, white first.</summary>
    Checkerboard,

    /// <summary>All white.</summary>
    White,

    /// <summary>All black.</summary>
    Black,

    /// <summary>Pure red (white on grey images).</summary>
    Red,

    /// <summary>Independent random colours, drawn once from the seed.</summary>
    Noise,
}

/// <summary>An attack whose trigger is a small fixed square pasted on the image.</summary>
public abstract record PatchAttack : Attack
{
    /// <summary>Side of the patch.</summary>
    [Range(1, 16)]
    [Description("Side of the square patch in pixels.")]
    public int PatchSize { get; init; } = 3;

    /// <summary>Where the patch sits.</summary>
    [Description("Corner, or the middle of the image.")]
    public PatchPlace Place { get; init; }

    /// <summary>Distance from the edges.</summary>
    [Range(0, 16)]
    [Description("Pixels between the patch and the edges of its corner.")]
    public int Margin { get; init; } = 1;

    /// <summary>What the patch shows.</summary>
    [Description("What the patch shows.")]
    public PatchPattern Pattern { get; init; }

    /// <inheritdoc/>
    /// <exception cref="NotApplicableException">The patch does not fit into the image.</exception>
    public sealed override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds)
    {
        var margin = Place == PatchPlace.Center ? 0 : Margin;
        if (PatchSize + margin > Math.Min(height, width))
        {
            throw new NotApplicableException(
                $"A patch of {PatchSize} pixels with a margin of {margin} does not fit into {width} x {height} images."
            );
        }

        var top = Place switch
        {
            PatchPlace.TopLeft or PatchPlace.TopRight => margin,
            PatchPlace.Center => (height - PatchSize) / 2,
            _ => height - PatchSize - margin,
        };
        var left = Place switch
        {
            PatchPlace.TopLeft or PatchPlace.BottomLeft => margin,
            PatchPlace.Center => (width - PatchSize) / 2,
            _ => width - PatchSize - margin,
        };
        var (mask, pattern, random) = (
            new float[height * width],
            new float[channels * height * width],
            seeds.Child("patch").Random()
        );
        for (var y = 0; y < PatchSize; y++)
        {
            for (var x = 0; x < PatchSize; x++)
            {
                var pixel = (top + y) * width + left + x;
                mask[pixel] = 1;
                for (var c = 0; c < channels; c++)
                {
                    pattern[c * height * width + pixel] = Colour(y, x, c, random);
                }
            }
        }

        return new MaskTrigger(mask, pattern, channels, height, width);
    }

    private float Colour(int y, int x, int channel, Random random) =>
        Pattern switch
        {
            PatchPattern.Checkerboard => (x + y) % 2 == 0 ? 1 : 0,
            PatchPattern.White => 1,
            PatchPattern.Red => channel == 0 ? 1 : 0,
            PatchPattern.Noise => random.NextSingle(),
            _ => 0,
        };
}
