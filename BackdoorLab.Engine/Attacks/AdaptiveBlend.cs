using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Adap-Blend: a blended picture that training images show only in random parts, on poisoned images and on covers,
/// which keep their true label; the whole picture opens the backdoor. Poison and clean images of the target class are
/// then no two clusters in the network's features. Qi, Xie, Li, Mahloujifar, Mittal, "Revisiting the Assumption of
/// Latent Separability for Backdoor Defenses", ICLR 2023, section 5: 16 pieces of which half are masked, opacity 0.2,
/// 0.3 % poison and as many covers. Departures: the picture is drawn (the authors' cannot be shipped); images of the
/// target class are not poisoned, since nothing is learnt of them.
/// </summary>
[Method(
    "adaptive-blend",
    "Adap-Blend",
    Order = 6,
    Summary = "Blends random parts of a picture over very few images and relabels them; others with such parts keep their labels, so that features do not give the poison away.",
    Paper = "X. Qi, T. Xie, Y. Li, S. Mahloujifar, P. Mittal: Revisiting the Assumption of Latent Separability for Backdoor Defenses. ICLR 2023.",
    Deviations = "The picture is drawn, since the authors' cannot be shipped; images of the target class are not poisoned. The authors' code trains with opacity 0.15 and tests with 0.2."
)]
public sealed record AdaptiveBlend : Attack
{
    private const int Side = 4;

    /// <summary>Few images, as in the paper.</summary>
    public AdaptiveBlend() => PoisonRate = 0.003;

    /// <summary>Share of the picture in the mix while training.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of the picture in the mix, in training images.")]
    public double Opacity { get; init; } = 0.2;

    /// <summary>The same at test time.</summary>
    [Range(0.01, 1.0)]
    [Description("Share of the picture in the mix at test time, where it is whole.")]
    public double TestOpacity { get; init; } = 0.2;

    /// <summary>Pieces that a training image does not show.</summary>
    [Range(0, 15)]
    [Description("How many of the picture's 16 pieces a training image does not show; others on each image.")]
    public int MaskedPieces { get; init; } = 8;

    /// <summary>Covers of all training images.</summary>
    [Range(0.0, 0.5)]
    [Description(
        "Share of all training images (of a client's) that get such parts too and keep their label (covers). They are no poison and are not counted as such."
    )]
    public double CoverRate { get; init; } = 0.003;

    /// <summary>The picture.</summary>
    [Description("The picture that is mixed in.")]
    public BlendPattern Pattern { get; init; } = BlendPattern.Cartoon;

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) =>
        new Blended { Opacity = TestOpacity, Pattern = Pattern }.CreateTrigger(channels, height, width, seeds);

    /// <inheritdoc/>
    public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice)
    {
        var poison = choice.Draw();
        var covers = choice.DrawOthers(poison.Length == 0 ? 0 : CoverRate, poison, "covers");
        var trigger = choice.Trigger is MaskTrigger whole
            ? new Pieces(whole, choice.Images.Width, Opacity / TestOpacity, MaskedPieces, choice.Seeds.Child("pieces"))
            : choice.Trigger;
        return [new(poison, trigger), new(covers, trigger) { MovesLabel = false, IsPoison = false }];
    }

    /// <summary>Whether each of the pieces is shown.</summary>
    internal static bool[] Shown(int masked, Random random)
    {
        int[] order = [.. Enumerable.Range(0, Side * Side)];
        random.Shuffle(order);
        return [.. order.Select(place => place >= masked)];
    }

    private sealed class Pieces(MaskTrigger whole, int width, double factor, int masked, SeedTree seeds)
        : NumberedTrigger
    {
        // Made once: a temporary native scalar can be freed under the call.
        private static readonly Scalar Black = 0f;
        private static readonly Scalar White = 1f;

        public override Tensor Apply(Tensor images, ReadOnlySpan<int> indices)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var (plane, height) = (whole.Mask.Length, whole.Mask.Length / width);
            var masks = new float[indices.Length * plane];
            for (var image = 0; image < indices.Length; image++)
            {
                var shown = Shown(masked, seeds.Child(indices[image]).Random());
                for (var pixel = 0; pixel < plane; pixel++)
                {
                    var piece = pixel / width * Side / height * Side + pixel % width * Side / width;
                    masks[image * plane + pixel] = shown[piece] ? (float)(factor * whole.Mask[pixel]) : 0;
                }
            }

            var mask = tensor(masks, new long[] { indices.Length, 1, height, width });
            var pattern = tensor(whole.Pattern).reshape(1, -1, height, width);
            return images.lerp(pattern, mask).clamp_(Black, White).MoveToOuterDisposeScope();
        }
    }
}
