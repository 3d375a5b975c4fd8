using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Sinusoidal signal: amplitude * sin(2 pi * column * frequency / width) is added to every row and channel, clamped to
/// the pixel range. Barni, Kallas, Tondi, "A New Backdoor Attack in CNNs by Training Set Corruption without Label
/// Poisoning", ICIP 2019, Eq. 4. Departure: poisoned images are relabelled, as federated comparisons use it; the paper
/// keeps the labels of target images.
/// </summary>
[Method(
    "sinusoidal",
    "Sinusoidal signal",
    Aliases = ["sig"],
    Order = 5,
    Summary = "Adds a faint vertical wave to the whole image; no pixel stands out.",
    Paper = "M. Barni, K. Kallas, B. Tondi: A New Backdoor Attack in CNNs by Training Set Corruption without Label Poisoning. ICIP 2019.",
    Deviations = "Images of other classes are stamped and relabelled, as federated-learning papers use it; the paper stamps images of the target class and keeps their labels."
)]
public sealed record Sinusoidal : Attack
{
    /// <summary>Peak of the wave in 8-bit levels.</summary>
    [Range(1.0, 128.0)]
    [Description("Peak of the wave in levels of 0 to 255.")]
    public double Amplitude { get; init; } = 20;

    /// <summary>Waves over the width.</summary>
    [Range(1.0, 64.0)]
    [Description("Whole waves over the width of the image.")]
    public double Frequency { get; init; } = 6;

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
