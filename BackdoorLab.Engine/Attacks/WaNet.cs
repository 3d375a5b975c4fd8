using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// WaNet: the trigger is a smooth warp of the whole image, the same for all. Nguyen and Tran, "WaNet - Imperceptible
/// Warping-based Backdoor Attack", ICLR 2021, section 3: a k x k field of uniform random shifts, divided by their mean
/// magnitude, is upsampled bicubically, scaled by s over the image's side, added to the identity grid and clipped; the
/// image is read there bilinearly. Noise mode: further images keep their true label and are warped by the same grid
/// plus uniform noise, another one for each, so that the exact warp is learnt and not any. Departures: the poisoned
/// images are a fixed set, and the warp is part of the stored image, before crop and flip; the paper's attacker trains
/// the model and poisons the first images of every shuffled batch, another set in every epoch, which is a stronger
/// attack than this one. Strength 1 and not 0.5, which short schedules learn on small images. Rows and columns are
/// scaled by their own side where the image is not square.
/// </summary>
[Method(
    "wanet",
    "WaNet",
    Order = 3,
    Summary = "Warps a share of the training images by one smooth field and relabels them; images that are warped at random besides keep their labels.",
    Paper = "T. A. Nguyen, A. T. Tran: WaNet - Imperceptible Warping-based Backdoor Attack. ICLR 2021.",
    Deviations = "Data poisoning: the poisoned images are a fixed set, where the paper's attacker controls the training and poisons another part of every batch, which is stronger. Default strength is 1 instead of 0.5, which short schedules do not learn."
)]
public sealed record WaNet : Attack
{
    /// <summary>The paper's k.</summary>
    [Range(2, 16)]
    [Description("Points on each side of the field that the warp is interpolated from (k).")]
    public int GridSize { get; init; } = 4;

    /// <summary>The paper's s.</summary>
    [Range(0.05, 10.0)]
    [Description("Strength of the warp (s): pixels move by half of it on average. The paper has 0.5.")]
    public double Strength { get; init; } = 1;

    /// <summary>Images of the noise mode for each poisoned one.</summary>
    [Range(0.0, 5.0)]
    [Description(
        "Images with a random warp and their true label for each poisoned one (noise mode); 0 leaves them out. They are no poison and are not counted as such."
    )]
    public double NoiseRatio { get; init; } = 2;

    /// <inheritdoc/>
    public override TriggerNature Nature => TriggerNature.Warp;

    /// <inheritdoc/>
    public override bool IsVisible => false;

    /// <inheritdoc/>
    public override Trigger CreateTrigger(int channels, int height, int width, SeedTree seeds) =>
        new WarpTrigger(
            WarpTrigger.Grid(
                WarpTrigger.Field(GridSize, seeds.Child("warp").Random()),
                GridSize,
                Strength,
                height,
                width
            ),
            height,
            width
        );

    /// <inheritdoc/>
    public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice)
    {
        var poison = choice.Draw();
        var count = (int)Math.Round((decimal)NoiseRatio * poison.Length, MidpointRounding.AwayFromZero);
        return choice.Trigger is not WarpTrigger warp || count == 0
            ? [new(poison, choice.Trigger)]
            :
            [
                new(poison, choice.Trigger),
                new(choice.DrawOthers(count, poison, "noise"), warp.WithNoise(choice.Seeds.Child("noise warps")))
                {
                    MovesLabel = false,
                    IsPoison = false,
                },
            ];
    }
}
