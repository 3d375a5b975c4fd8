using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Fine-tuning: the network goes on training on the defender's clean images. The control that stands beside every other
/// repair: what this does too, their idea did not do. All clean images train; nothing is chosen by them.
/// </summary>
[Method(
    "fine-tuning",
    "Fine-Tuning",
    Aliases = ["ft"],
    Order = 55,
    Summary = "Goes on training on a few clean images: the control for every repair.",
    Paper = "Liu, Xie, Srivastava: Neural Trojans, ICCD 2017; settings as BackdoorBench's (Wu et al., NeurIPS 2022)",
    Deviations = "A cosine schedule instead of a constant rate."
)]
public sealed record PlainFineTuning : Mitigator
{
    /// <inheritdoc/>
    public override Needs Needs => Needs.CleanHoldout | Needs.Weights;

    /// <summary>Passes.</summary>
    [Range(1, 1000)]
    [Description("Passes over the clean holdout.")]
    public int Epochs { get; init; } = 100;

    /// <summary>Learning rate.</summary>
    [Range(1e-6, 1.0)]
    [Description("Peak learning rate (SGD, momentum 0.9, cosine).")]
    public double LearningRate { get; init; } = 0.01;

    /// <summary>Images of a step.</summary>
    [Range(1, 1024)]
    [Description("Images per step.")]
    public int BatchSize { get; init; } = 256;

    /// <summary>Points of the curve.</summary>
    [Range(0, 100)]
    [Description("Models measured for the curve of clean accuracy and attack success; 0 draws none.")]
    public int CurvePoints { get; init; } = 5;

    /// <inheritdoc/>
    public override Defense Brief() => this with { Epochs = 20, BatchSize = 64 };

    /// <inheritdoc/>
    public override DefenseWork Work(WorkSizes sizes) =>
        new(2.0 * CurvePoints * Math.Min(sizes.TestCount, 1000), Plan.Images(sizes.HoldoutCount));

    private TuningPlan Plan => new(Epochs, BatchSize, LearningRate) { CurvePoints = CurvePoints };

    /// <inheritdoc/>
    public override RepairedModel Repair(DefenseContext context) =>
        RepairedModel.Of(
            context.CopyWeights(),
            context.Run,
            network =>
            {
                var images = HoldoutSample.Take(context.CleanHoldout, 0, context.Run.Seeds.Child("split"));
                HoldoutTuning.Run(network, images, Plan, context);
                return new(network);
            }
        );
}
