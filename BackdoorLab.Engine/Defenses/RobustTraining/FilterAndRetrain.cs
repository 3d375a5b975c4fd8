using System.ComponentModel;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Any detector of samples as a training defense: a network is trained as usual, the detector looks at the training set
/// through it, what it flags is dropped, and a fresh network is trained on the rest by the same recipe.
/// </summary>
[Method(
    "filter-and-retrain",
    "Filter and retrain",
    Order = 79,
    Summary = "Drops the training samples that a detector flags and trains again with the same recipe.",
    Paper = "What the papers of Activation Clustering, Spectral Signatures and SCAn propose after detection."
)]
public sealed record FilterAndRetrain : RobustTrainer
{
    /// <inheritdoc/>
    public override DefenseDomain Domain => DefenseDomain.Feature;

    /// <inheritdoc/>
    public override Needs Needs =>
        Needs.TrainingSet | Needs.PlainTraining | Needs.Features | (Filter?.Needs ?? Needs.None);

    /// <summary>Id of the detector.</summary>
    [Description(
        "Id of the detector of samples, with its usual settings: spectral-signatures, activation-clustering, ..."
    )]
    public string Detector { get; init; } = "spectral-signatures";

    private SampleDetector? Filter =>
        MethodCatalog.Default.Find(Detector) is { } found ? found.CreateDefault() as SampleDetector : null;

    /// <inheritdoc/>
    public override double TrainingImages(int trainCount, TrainOptions recipe) =>
        (double)recipe.Epochs * trainCount + trainCount / 3.0;

    /// <inheritdoc/>
    public override RobustModel Train(RobustTraining training)
    {
        var detector =
            Filter
            ?? throw new NotApplicableException(
                $"'{Detector}' is no detector of samples. Known: {string.Join(", ", MethodCatalog.Default.Of<SampleDetector>().Select(method => method.Id))}."
            );
        return RobustModel.Of(
            training.Build(),
            training.Run,
            network =>
            {
                var (images, run) = (training.TrainingSet, training.Run);
                var verdict = Look(detector, training);
                var kept = images.Select(LowestLosses.Others(verdict.Flagged));
                if (kept.Labels.Distinct().Count() < 2)
                {
                    throw new NotApplicableException("The detector leaves images of less than two classes.");
                }

                training.Train("retrain", network, kept, training.Recipe, 0, 1);
                int[] dropped = [.. Enumerable.Range(0, images.Count).Where(i => verdict.Flagged[i])];
                return new(network)
                {
                    TakenForPoison = verdict.Flagged,
                    Report = new(
                        [],
                        dropped.Length == 0
                            ? []
                            : [LowestLosses.Gallery("Dropped samples", images, MostSuspicious(dropped, verdict))],
                        $"{dropped.Length} of {images.Count} samples dropped by {MethodCatalog.Default.For(detector).Name}. {verdict.Note}".Trim()
                    ),
                };
            }
        );
    }

    private static int[] MostSuspicious(int[] dropped, SampleVerdict verdict) =>
        [.. dropped.OrderByDescending(i => verdict.Scores[i])];

    private static SampleVerdict Look(SampleDetector detector, RobustTraining training)
    {
        using var deployed = training.PlainlyTrained();
        var holdout = detector.Needs.HasFlag(Needs.CleanHoldout)
            ? training.CleanHoldout
            : training.TrainingSet with
            {
                Pixels = [],
                Labels = [],
                Groups = null,
            };
        return detector.Score(
            new DefenseContext(
                detector.Needs,
                deployed,
                holdout,
                training.TrainingSet,
                () => Inference.Features(deployed, training.TrainingSet, training.Run),
                deployed.FloatModel.Clone,
                (_, _, _) => { },
                training.Run.Child("detect"),
                training.FlipAllowed
            )
        );
    }
}
