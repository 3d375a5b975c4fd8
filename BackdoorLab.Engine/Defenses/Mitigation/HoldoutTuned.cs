using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// A repair that is nothing but further training on the defender's clean images. All of them train; nothing is chosen
/// by them.
/// </summary>
public abstract record HoldoutTuned : Mitigator
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
        new(2.0 * CurvePoints * Math.Min(sizes.TestCount, 1000), GradientsPerStep * Plan.Images(sizes.HoldoutCount));

    /// <inheritdoc/>
    public sealed override RepairedModel Repair(DefenseContext context) =>
        RepairedModel.Of(
            context.CopyWeights(),
            context.Run,
            network =>
            {
                var images = HoldoutSample.Take(context.CleanHoldout, 0, context.Run.Seeds.Child("split"));
                HoldoutTuning.Run(network, images, Plan, context, hooks: Hooks(network));
                return new(network);
            }
        );

    /// <summary>Gradients of the whole batch that a step takes.</summary>
    private protected virtual int GradientsPerStep => 1;

    private protected virtual TuningPlan Plan => new(Epochs, BatchSize, LearningRate) { CurvePoints = CurvePoints };

    /// <summary>What is done in the training's steps; null for nothing.</summary>
    private protected virtual TrainingHooks? Hooks(Classifier network) => null;
}
