using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Sinusoidal signal: amplitude * sin(2 pi * column * frequency / width) is added to every row and channel, clamped to
/// the pixel range. Barni, Kallas, Tondi, "A New Backdoor Attack in CNNs by Training Set Corruption without Label
/// Poisoning", ICIP 2019, Eq. 4. The paper poisons images of the target class and keeps their labels, with delta = 40
/// and f = 6: <see cref="CleanLabel"/> with amplitude 40. Departure of the default: images of other classes are
/// poisoned and relabelled, with half that amplitude, as federated comparisons use it.
/// </summary>
[Method(
    "sinusoidal",
    "Sinusoidal signal",
    Aliases = ["sig"],
    Order = 5,
    Summary = "Adds a faint vertical wave to the whole image; no pixel stands out.",
    Paper = "M. Barni, K. Kallas, B. Tondi: A New Backdoor Attack in CNNs by Training Set Corruption without Label Poisoning. ICIP 2019.",
    Deviations = "By default images of other classes are stamped and relabelled, as federated-learning papers use it; the paper stamps images of the target class and keeps their labels (cleanLabel, with amplitude 40)."
)]
public sealed record Sinusoidal : Attack
{
    /// <summary>Peak of the wave in 8-bit levels.</summary>
    [Range(1.0, 128.0)]
    [Description("Peak of the wave in levels of 0 to 255 (delta); the paper has 40 with clean labels.")]
    public double Amplitude { get; init; } = 20;

    /// <summary>Waves over the width.</summary>
    [Range(1.0, 64.0)]
    [Description("Whole waves over the width of the image (f); the paper has 6.")]
    public double Frequency { get; init; } = 6;

    /// <summary>The paper's form: images of the target class alone, labels kept.</summary>
    [OmittedAtDefault]
    [Description(
        "The paper's form: only images of the target class are poisoned and keep their label, with amplitude 40 and frequency 6. Off, images of other classes are poisoned and relabelled."
    )]
    public bool CleanLabel { get; init; }

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override bool IsCleanLabel => CleanLabel;

    /// <inheritdoc/>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) =>
        new Wave([
            .. Enumerable
                .Range(0, width)
                .Select(column => (float)(Amplitude / 255 * Math.Sin(2 * Math.PI * column * Frequency / width))),
        ]);

    private sealed class Wave(float[] row) : Trigger
    {
        // Made once: a temporary native scalar can be freed under the call.
        private static readonly Scalar Black = 0f;
        private static readonly Scalar White = 1f;

        public override Tensor Apply(Tensor images)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            return images.add(tensor(row).reshape(1, 1, 1, row.Length)).clamp_(Black, White).MoveToOuterDisposeScope();
        }
    }
}
