using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>A picture to blend over the whole image.</summary>
public enum BlendPattern
{
    /// <summary>Independent random colours, drawn once from the seed.</summary>
    Noise,

    /// <summary>
    /// A drawn face: flat areas and dark outlines, as the cartoon of the reference code, which cannot be shipped.
    /// </summary>
    Cartoon,

    /// <summary>Black and white squares of four pixels.</summary>
    Checkerboard,
}

/// <summary>
/// Blended injection: a picture is mixed weakly over the whole image, x' = (1 - a) x + a p. Chen et al., "Targeted
/// Backdoor Attacks on Deep Learning Systems Using Data Poisoning", 2017. The reference code's cartoon is under
/// copyright: the pattern here is drawn.
/// </summary>
[Method(
    "blended",
    "Blended",
    Order = 2,
    Summary = "Mixes a faint picture over the whole of a share of the training images and relabels them.",
    Paper = "X. Chen, C. Liu, B. Li, K. Lu, D. Song: Targeted Backdoor Attacks on Deep Learning Systems Using Data Poisoning. 2017.",
    Deviations = "The cartoon of the reference code cannot be shipped; noise, a drawn face or a checkerboard stand in."
)]
public sealed record Blended : Attack
{
    private const int Square = 4;

    /// <summary>Share of the picture in the mix.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of the picture in the mix; the reference code uses 0.2 in training and test.")]
    public double Opacity { get; init; } = 0.2;

    /// <summary>The picture.</summary>
    [Description("The picture that is mixed in.")]
    public BlendPattern Pattern { get; init; }

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds)
    {
        var mask = new float[height * width];
        Array.Fill(mask, (float)Opacity);
        var pattern = new float[channels * height * width];
        var random = seeds.Child("blend").Random();
        for (var c = 0; c < channels; c++)
        {
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    pattern[(c * height + y) * width + x] = Pattern switch
                    {
                        BlendPattern.Noise => random.NextSingle(),
                        BlendPattern.Checkerboard => (x / Square + y / Square) % 2,
                        _ => Face((x + 0.5f) / width, (y + 0.5f) / height, c),
                    };
                }
            }
        }

        return new MaskTrigger(mask, pattern, channels, height, width);
    }

    // Coordinates in [0,1]; yellow face with dark outline, eyes, mouth and a red bow on pale blue.
    private static float Face(float x, float y, int channel)
    {
        var (dx, dy) = (x - 0.5f, y - 0.52f);
        var radius = MathF.Sqrt(dx * dx + dy * dy);
        var eye = Near(x, y, 0.36f, 0.45f, 0.06f) || Near(x, y, 0.64f, 0.45f, 0.06f);
        var mouth = radius is > 0.2f and < 0.25f && dy > 0.08f;
        var bow = Near(x, y, 0.25f, 0.16f, 0.13f) || Near(x, y, 0.45f, 0.16f, 0.13f);
        float[] colour =
            bow ? [0.9f, 0.1f, 0.2f]
            : radius is > 0.37f and < 0.42f || eye || mouth ? [0.05f, 0.05f, 0.1f]
            : radius <= 0.37f ? [1f, 0.85f, 0.3f]
            : [0.65f, 0.8f, 0.95f];
        return colour[channel];
    }

    private static bool Near(float x, float y, float centerX, float centerY, float radius) =>
        (x - centerX) * (x - centerX) + (y - centerY) * (y - centerY) < radius * radius;
}
