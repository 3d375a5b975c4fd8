using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// All that a defense may see. Poison mask, trigger and target label are not here, so no method can peek; what was not
/// declared in <see cref="Defense.Needs"/> is refused.
/// </summary>
public sealed class DefenseContext
{
    private readonly Needs _needs;
    private readonly ImageSet _cleanHoldout;
    private readonly ImageSet _trainingSet;
    private readonly Func<float[]> _trainingFeatures;
    private readonly Func<Classifier> _copyWeights;
    private readonly Action<string, double, Classifier> _observe;

    /// <summary>Made by the evaluator.</summary>
    /// <param name="needs">What the defense declared.</param>
    /// <param name="model">The suspect model at one precision.</param>
    /// <param name="cleanHoldout">The defender's clean images.</param>
    /// <param name="trainingSet">The training set as received.</param>
    /// <param name="trainingFeatures">Features of the training set by <paramref name="model"/>, [N, FeatureCount]
    /// row-major; computed once and shared.</param>
    /// <param name="copyWeights">Makes a float copy of the model to repair.</param>
    /// <param name="observe">Records CA and ASR of an intermediate model at an abscissa of a phase; the defense never
    /// sees the result.</param>
    /// <param name="run">Random streams, cancellation, progress.</param>
    /// <param name="flipAllowed">Whether a horizontal flip keeps labels in this data set.</param>
    public DefenseContext(
        Needs needs,
        DeployedClassifier model,
        ImageSet cleanHoldout,
        ImageSet trainingSet,
        Func<float[]> trainingFeatures,
        Func<Classifier> copyWeights,
        Action<string, double, Classifier> observe,
        RunContext run,
        bool flipAllowed
    )
    {
        (_needs, Model, _cleanHoldout, _trainingSet) = (needs, model, cleanHoldout, trainingSet);
        (_trainingFeatures, _copyWeights, _observe, Run, FlipAllowed) = (
            trainingFeatures,
            copyWeights,
            observe,
            run,
            flipAllowed
        );
    }

    /// <summary>The suspect model at one precision.</summary>
    public DeployedClassifier Model { get; }

    /// <summary>Random streams, cancellation, progress, log.</summary>
    public RunContext Run { get; }

    /// <summary>Whether a horizontal flip keeps labels in this data set.</summary>
    public bool FlipAllowed { get; }

    /// <summary>Number of classes.</summary>
    public int Classes => Model.FloatModel.Shape.Classes;

    /// <summary>The defender's clean, correctly labelled images. Needs <see cref="Needs.CleanHoldout"/>.</summary>
    public ImageSet CleanHoldout => Entitled(Needs.CleanHoldout, _cleanHoldout);

    /// <summary>The training set as received: given labels. Needs <see cref="Needs.TrainingSet"/>.</summary>
    public ImageSet TrainingSet => Entitled(Needs.TrainingSet, _trainingSet);

    /// <summary>
    /// Penultimate features of <see cref="TrainingSet"/> by the deployed arithmetic, float [N, FeatureCount] row-major,
    /// computed once per model and precision and shared by all detectors; do not write into it. Needs both
    /// <see cref="Needs.TrainingSet"/> and <see cref="Needs.Features"/>.
    /// </summary>
    public float[] TrainingFeatures() => Entitled(Needs.TrainingSet | Needs.Features, _trainingFeatures)();

    /// <summary>
    /// Penultimate features of <paramref name="images"/> by the deployed arithmetic, float [N, FeatureCount] row-major.
    /// Needs <see cref="Needs.Features"/>.
    /// </summary>
    public float[] Features(ImageSet images) => Inference.Features(Model, Entitled(Needs.Features, images), Run);

    /// <summary>
    /// The model for what its stages put out (<see cref="DeployedClassifier.Stages"/>). Needs
    /// <see cref="Needs.Features"/>.
    /// </summary>
    public DeployedClassifier Insides => Entitled(Needs.Features, Model);

    /// <summary>A float copy of the model to repair; the caller owns it. Needs <see cref="Needs.Weights"/>.</summary>
    public Classifier CopyWeights() => Entitled(Needs.Weights, _copyWeights)();

    /// <summary>
    /// Lets the evaluator measure an intermediate model for the method's curves, one for each phase. Returns nothing:
    /// the ground truth stays out of reach.
    /// </summary>
    /// <param name="phase">What the abscissa counts: "pruned channels", "epochs of fine-tuning".</param>
    /// <param name="abscissa">How far the phase has come.</param>
    /// <param name="intermediate">The model at that point.</param>
    public void Observe(string phase, double abscissa, Classifier intermediate) =>
        _observe(phase, abscissa, intermediate);

    private T Entitled<T>(Needs needed, T value) =>
        (_needs & needed) == needed
            ? value
            : throw new InvalidOperationException($"The defense uses {needed} but declares only {_needs}.");
}
