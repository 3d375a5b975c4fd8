using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>Runs models on test images and counts; the only place where predictions meet the ground truth.</summary>
public static class Evaluator
{
    /// <summary>
    /// Clean accuracy, and attack success and robust accuracy when there are triggered images, by the deployed
    /// arithmetic.
    /// </summary>
    public static BackdoorMetrics Measure(
        DeployedClassifier model,
        ImageSet cleanTest,
        TriggeredSet? triggered,
        RunContext run
    ) => Measure(images => Inference.Predict(model, images, run), cleanTest, triggered);

    /// <summary>The same by a float network, which must be in evaluation mode.</summary>
    public static BackdoorMetrics Measure(
        Classifier model,
        ImageSet cleanTest,
        TriggeredSet? triggered,
        RunContext run
    ) => Measure(images => Inference.Predict(model, images, run), cleanTest, triggered);

    /// <summary>The clean accuracy of a model that always says the most frequent class.</summary>
    public static Measurement Chance(ImageSet cleanTest) =>
        new(
            Metric.ChanceAccuracy.Id,
            (double)cleanTest.Labels.CountBy(label => label).Max(count => count.Value) / cleanTest.Count,
            cleanTest.Count
        );

    /// <summary>How far the deployed logits are from those of the FP32 model on the same images.</summary>
    public static Divergence Divergence(
        DeployedClassifier deployed,
        DeployedClassifier reference,
        ImageSet images,
        RunContext run
    ) =>
        Evaluation.Divergence.Between(
            Inference.Logits(deployed, images, run),
            Inference.Logits(reference, images, run),
            images.Count
        );

    /// <summary>How much of the model really is at the reduced precision.</summary>
    public static IReadOnlyList<Measurement> Realisation(DeployedClassifier model) =>
        [
            new(Metric.ParameterShare.Id, model.Realisation.ParameterShare),
            new(Metric.MultiplyAddShare.Id, model.Realisation.MultiplyAddShare),
        ];

    /// <summary>What was poisoned of the training set.</summary>
    public static IReadOnlyList<Measurement> Poison(AchievedPoison poison) =>
        [
            new(Metric.PoisonedShare.Id, poison.Share, poison.Images),
            new(Metric.PoisonedClassShare.Id, poison.LargestClassShare),
            new(Metric.PoisonedImages.Id, poison.Poisoned),
        ];

    private static BackdoorMetrics Measure(
        Func<ImageSet, int[]> predict,
        ImageSet cleanTest,
        TriggeredSet? triggered
    ) =>
        BackdoorMetrics.Of(
            predict(cleanTest),
            cleanTest.Labels,
            triggered is null ? [] : predict(triggered.Images),
            triggered?.TrueLabels ?? [],
            triggered?.IntendedLabels ?? []
        );
}
