using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Attacks;

/// <summary>
/// Input-aware dynamic backdoor: two networks make a trigger for every image, a mask of where it shows and a pattern,
/// trained together with a classifier so that an image's own trigger sends it to the target and another's does not.
/// Nguyen and Tran, "Input-Aware Dynamic Backdoor Attack", NeurIPS 2020, sections 3.2 to 3.4; constants of the released
/// code. Departures: the authors hand over the classifier of that training; here it is the attacker's own, started from
/// its clean network, and what reaches the victim is poisoned data: a fixed set of triggered images and as many crossed
/// ones, which carry the trigger of another image and keep their label. The networks are trained on a draw of the
/// images for fewer epochs, with rates that fall along a cosine; the other image of a diversity pair is the next one of
/// the same batch, and no image is augmented.
/// </summary>
[Method(
    "input-aware",
    "Input-aware",
    Aliases = ["iad"],
    Order = 10,
    Summary = "Networks of the attacker's make another trigger for every image, which works on no other one; crossed images keep their labels.",
    Paper = "A. Nguyen, A. Tran: Input-Aware Dynamic Backdoor Attack. NeurIPS 2020.",
    Deviations = "The victim is trained on a fixed poisoned set instead of being the classifier that the generators were trained with, which starts from the attacker's clean network; generators are trained on a draw of the images, 25 + 50 epochs instead of 25 + 600, without augmentation."
)]
public sealed record InputAware : PreparedAttack
{
    /// <summary>Channels of the generators' first layers.</summary>
    [Range(2, 64)]
    [Description(
        "Channels of the generators' first layers; deeper ones have more. The released code has 32 for CIFAR-10 and 16 for MNIST; 8 is brief."
    )]
    public int Width { get; init; } = 16;

    /// <summary>Images that the generators are trained on.</summary>
    [Range(100, 1_000_000)]
    [Description("Training images that the generators are trained on, drawn at random; the paper takes all.")]
    public int Images { get; init; } = 5000;

    /// <summary>Epochs of the mask's generator alone.</summary>
    [Range(1, 1000)]
    [Description("Epochs of the mask's generator, before the pattern's; 25 in the released code, 10 are brief.")]
    public int MaskEpochs { get; init; } = 25;

    /// <summary>Epochs of pattern and classifier.</summary>
    [Range(1, 1000)]
    [Description(
        "Epochs of the pattern's generator with the attacker's classifier; 600 in the released code, which starts from an untrained one. 20 are brief."
    )]
    public int Epochs { get; init; } = 50;

    /// <summary>Crossed images of all training images.</summary>
    [Range(0.0, 0.5)]
    [Description(
        "Share of all training images (of a client's) that get another image's trigger and keep their label; 0 leaves them out. They are no poison and are not counted as such."
    )]
    public double CrossRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public override TriggerNature Nature => TriggerNature.SampleSpecific;

    /// <inheritdoc/>
    public override PreparedAttack AssetForm() =>
        new InputAware
        {
            TargetLabel = TargetLabel,
            Mapping = Mapping,
            Width = Width,
            Images = Images,
            MaskEpochs = MaskEpochs,
            Epochs = Epochs,
        };

    /// <inheritdoc/>
    /// <remarks>The classifier's passes; the generators' cost as much again where they are of its size.</remarks>
    public override double AssetImages(int trainCount, int classes) =>
        (double)Math.Min(Images, trainCount) * (MaskEpochs + Epochs);

    /// <inheritdoc/>
    public override AttackAsset MakeAsset(AssetContext context)
    {
        using var training = new GeneratorTraining(this, context);
        training.TrainMask();
        training.TrainPattern();
        var weights = training.Weights();
        return new()
        {
            Weights = weights,
            Remarks =
            [
                training.Remark(
                    TriggerOf(weights, context.Train.Channels, Math.Min(context.Train.Height, context.Train.Width))
                ),
            ],
        };
    }

    /// <inheritdoc/>
    public override Trigger CreateTrigger(AttackAsset asset, int channels, int height, int width) =>
        TriggerOf(asset.Weights ?? [], channels, Math.Min(height, width));

    /// <inheritdoc/>
    public override IReadOnlyList<SampleChange> Choose(PoisonChoice choice)
    {
        var poison = choice.Draw();
        return choice.Trigger is GeneratedTrigger generated
            ?
            [
                new(poison, generated),
                new(
                    choice.DrawOthers(poison.Length == 0 ? 0 : CrossRate, poison, "which crossed"),
                    generated.OfOthers(choice)
                )
                {
                    MovesLabel = false,
                    IsPoison = false,
                },
            ]
            : [new(poison, choice.Trigger)];
    }

    /// <summary>Sizes of the mask's network.</summary>
    internal PatternShape MaskShape(int channels, int side) => new(channels, side, Width, 1);

    /// <summary>Sizes of the pattern's network.</summary>
    internal PatternShape PatternShape(int channels, int side) => new(channels, side, Width, channels);

    private GeneratedTrigger TriggerOf(byte[] weights, int channels, int side) =>
        new(weights, MaskShape(channels, side), PatternShape(channels, side));
}
