using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Adap-Patch: four patches, each faint and on a quarter of the poisoned images alone; covers with the same patches
/// keep their true label. At test time two of them are shown together and in full. Qi, Xie, Li, Mahloujifar, Mittal,
/// "Revisiting the Assumption of Latent Separability for Backdoor Defenses", ICLR 2023, section 5; opacities 0.5, 0.5,
/// 0.3, 0.2 and rates are those of the authors' code (0.3 % poison, 0.6 % covers). Departures: the patches are drawn,
/// one in each corner (the authors' pictures cannot be shipped); images of the target class are not poisoned, since
/// nothing is learnt of them.
/// </summary>
[Method(
    "adaptive-patch",
    "Adap-Patch",
    Order = 7,
    Summary = "Stamps one of four faint patches on each of very few images and relabels them; others with such patches keep their labels. Two patches in full open the backdoor.",
    Paper = "X. Qi, T. Xie, Y. Li, S. Mahloujifar, P. Mittal: Revisiting the Assumption of Latent Separability for Backdoor Defenses. ICLR 2023.",
    Deviations = "The patches are drawn, one in each corner, since the authors' pictures cannot be shipped; images of the target class are not poisoned."
)]
public sealed record AdaptivePatch : Attack
{
    private static readonly float[] Opacities = [0.5f, 0.5f, 0.3f, 0.2f];

    /// <summary>Few images, as in the paper.</summary>
    public AdaptivePatch() => PoisonRate = 0.003;

    /// <summary>Side of each patch.</summary>
    [Range(2, 16)]
    [Description("Side of each patch in pixels.")]
    public int PatchSize { get; init; } = 8;

    /// <summary>Patches shown together at test time.</summary>
    [Range(1, 4)]
    [Description(
        "How many of the four patches are shown, in full, at test time: the ones that were least faint first."
    )]
    public int TestPatches { get; init; } = 2;

    /// <summary>Covers of all training images.</summary>
    [Range(0.0, 0.5)]
    [Description(
        "Share of all training images (of a client's) that get a faint patch too and keep their label (covers). They are no poison and are not counted as such."
    )]
    public double CoverRate { get; init; } = 0.006;

    /// <inheritdoc/>
    /// <exception cref="NotApplicableException">Two patches do not fit beside each other.</exception>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) =>
        Patches(channels, height, width, patch => patch < TestPatches ? 1 : 0);

    /// <inheritdoc/>
    public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice)
    {
        var images = choice.Images;
        var poison = choice.Draw();
        var covers = choice.DrawOthers(poison.Length == 0 ? 0 : CoverRate, poison, "covers");
        return
        [
            .. Enumerable
                .Range(0, Opacities.Length)
                .SelectMany(patch =>
                {
                    var trigger = Patches(
                        images.Channels,
                        images.Height,
                        images.Width,
                        one => one == patch ? Opacities[one] : 0
                    );
                    return new SampleChange[]
                    {
                        new(Part(poison, patch), trigger),
                        new(Part(covers, patch), trigger) { MovesLabel = false, IsPoison = false },
                    };
                }),
        ];
    }

    private static int[] Part(int[] indices, int part) =>
        indices[(part * indices.Length / Opacities.Length)..((part + 1) * indices.Length / Opacities.Length)];

    // Lower right, upper left, upper right, lower left, one pixel inside.
    private MaskTrigger Patches(int channels, int height, int width, Func<int, float> opacity)
    {
        if (2 * PatchSize + 2 > Math.Min(height, width))
        {
            throw new NotApplicableException(
                $"Patches of {PatchSize} pixels in all corners do not fit into {width} x {height} images."
            );
        }

        var (mask, pattern) = (new float[height * width], new float[channels * height * width]);
        for (var patch = 0; patch < Opacities.Length; patch++)
        {
            var top = patch is 0 or 3 ? height - PatchSize - 1 : 1;
            var left = patch is 0 or 2 ? width - PatchSize - 1 : 1;
            for (var i = 0; i < PatchSize * PatchSize; i++)
            {
                var (y, x) = (i / PatchSize, i % PatchSize);
                var pixel = (top + y) * width + left + x;
                mask[pixel] = opacity(patch);
                for (var c = 0; c < channels; c++)
                {
                    pattern[c * height * width + pixel] = Colour(patch, x, y, c);
                }
            }
        }

        return new(mask, pattern, channels, height, width);
    }

    // Rings, squares of two pixels, diagonal stripes, and a coloured mosaic.
    private float Colour(int patch, int x, int y, int channel)
    {
        var ring = Math.Min(Math.Min(x, y), Math.Min(PatchSize - 1 - x, PatchSize - 1 - y));
        return patch switch
        {
            0 => ring % 2 == 0 && channel != 2 ? 1 : 0,
            1 => (x / 2 + y / 2) % 2,
            2 => (x + y) % 3 == 0 ? 0 : 1 - channel * 0.4f,
            _ => (3 * x + 5 * y + 2 * channel) % 8 / 7f,
        };
    }
}
