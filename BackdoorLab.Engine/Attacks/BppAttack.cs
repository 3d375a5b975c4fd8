using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// BppAttack: the trigger is a small palette. Every pixel becomes the nearest of n levels, round(x (n - 1)) / (n - 1),
/// by choice with Floyd-Steinberg dithering. Wang, Zhai, Ma, "BppAttack: Stealthy and Efficient Trojan Attacks against
/// Deep Neural Networks via Image Quantization and Contrastive Adversarial Learning", CVPR 2022, section 3. Negatives,
/// images with the residual of another image's squeezing and their true label, keep the model from learning any noise
/// as the trigger. Departures: poisoned images and negatives are a fixed set, where the released code draws others in
/// every batch; negatives take the place of the paper's contrastive adversarial training, as in the released code.
/// Dithering is serial within an image, and done once, when images are stamped.
/// </summary>
[Method(
    "bpp",
    "BppAttack",
    Order = 4,
    Summary = "Reduces the colour depth of a share of the training images and relabels them; images with another one's rounding error keep their labels.",
    Paper = "Z. Wang, J. Zhai, S. Ma: BppAttack: Stealthy and Efficient Trojan Attacks against Deep Neural Networks via Image Quantization and Contrastive Adversarial Learning. CVPR 2022.",
    Deviations = "Poisoned images and negatives are a fixed set instead of another one in every batch; the released code's negatives instead of the paper's contrastive training; its rates are 0.2 and 0.2."
)]
public sealed record BppAttack : Attack
{
    /// <summary>Values that a colour may have.</summary>
    [Range(2, 128)]
    [Description("Values that each colour of a pixel may have: 8 in the released code's settings, 32 in its text.")]
    public int Levels { get; init; } = 8;

    /// <summary>Whether rounding errors are handed on to neighbours.</summary>
    [Description("Floyd-Steinberg dithering: rounding errors are handed on to the pixels beside and below.")]
    public bool Dithering { get; init; }

    /// <summary>Negatives of all training images.</summary>
    [Range(0.0, 0.5)]
    [Description(
        "Share of all training images (of a client's) that get another image's rounding error and keep their label (negatives); 0 leaves them out. They are no poison and are not counted as such."
    )]
    public double NegativeRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public override TriggerNature Nature => TriggerNature.SampleSpecific;

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) =>
        new Squeeze(Levels, Dithering);

    /// <inheritdoc/>
    public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice)
    {
        var poison = choice.Draw();
        var negatives = choice.DrawOthers(poison.Length == 0 ? 0 : NegativeRate, poison, "negatives");
        return negatives.Length == 0
            ? [new(poison, choice.Trigger)]
            :
            [
                new(poison, choice.Trigger),
                new(negatives, new Residuals(choice)) { MovesLabel = false, IsPoison = false },
            ];
    }

    /// <summary>Dithers one plane of values 0..255 in place, row by row.</summary>
    internal static void Dither(Span<float> plane, int width, int levels)
    {
        var steps = levels - 1;
        for (var at = 0; at < plane.Length; at++)
        {
            var level = Math.Round(plane[at] / 255.0 * steps) / steps * 255;
            var error = plane[at] - level;
            plane[at] = (float)level;
            var (isFirst, isLast, hasBelow) = (at % width == 0, at % width == width - 1, at + width < plane.Length);
            if (!isLast)
            {
                plane[at + 1] += (float)(error * 7 / 16);
            }

            if (hasBelow)
            {
                plane[at + width] += (float)(error * 5 / 16);
            }

            if (hasBelow && !isFirst)
            {
                plane[at + width - 1] += (float)(error * 3 / 16);
            }

            if (hasBelow && !isLast)
            {
                plane[at + width + 1] += (float)(error / 16);
            }
        }
    }

    private sealed class Squeeze(int levels, bool dithering) : Trigger
    {
        // Made once: a temporary native scalar can be freed under the call.
        private static readonly Scalar Black = 0f;
        private static readonly Scalar White = 1f;
        private readonly Scalar _steps = levels - 1;

        public override Tensor Apply(Tensor images)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var squeezed = dithering ? Dithered(images) : images.mul(_steps).round().div(_steps);
            return squeezed.clamp_(Black, White).MoveToOuterDisposeScope();
        }

        private Tensor Dithered(Tensor images)
        {
            var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
            var values = Models.Inference.Floats(images);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] *= 255;
            }

            for (var plane = 0; plane < values.Length; plane += height * width)
            {
                Dither(values.AsSpan(plane, height * width), width, levels);
            }

            for (var i = 0; i < values.Length; i++)
            {
                values[i] = MathF.Round(values[i]) / 255;
            }

            return tensor(values, images.shape);
        }
    }

    /// <summary>Adds what the trigger changes of another image, a random one of the attacker's for each.</summary>
    private sealed class Residuals(PoisonChoice choice) : NumberedTrigger
    {
        private static readonly Scalar Black = 0f;
        private static readonly Scalar White = 1f;

        public override Tensor Apply(Tensor images, ReadOnlySpan<int> indices)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var others = choice.Others(indices, "residuals");
            return images.add(choice.Trigger.Apply(others).sub(others)).clamp_(Black, White).MoveToOuterDisposeScope();
        }
    }
}
