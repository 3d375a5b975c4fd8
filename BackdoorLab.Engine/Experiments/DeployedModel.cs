using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// One victim at one precision with what several cells share: its undefended metrics and the training features.
/// </summary>
internal sealed class DeployedModel : IDisposable
{
    private const int DivergenceImages = 500;
    private readonly StageContext _stage;
    private readonly VictimModels _models;
    private readonly Victim _victim;
    private readonly string _label;
    private float[]? _features;
    private double? _gradientAgreement;

    internal DeployedModel(
        StageContext stage,
        VictimModels models,
        Victim victim,
        Precision precision,
        string label,
        RunContext run
    )
    {
        (_stage, _models, _victim, _label) = (stage, models, victim, label);
        var network = models.Network(victim);
        if (network.IsOpaque && precision is not Float32)
        {
            throw new NotApplicableException(
                "The model is the program of a TorchScript file, which computes as it was saved: it has no weights that could be converted. FP32 is the program as it is."
            );
        }

        Model = precision.Convert(network, stage.Inputs.ImagesFor(precision, victim), run);
        Metrics = Evaluator.Measure(Model, stage.Inputs.CleanTest, stage.Inputs.Triggered, run);
    }

    internal DeployedClassifier Model { get; }

    internal BackdoorMetrics Metrics { get; }

    internal bool Matches(CellPlan cell) => cell.Id.Victim == _victim && cell.Id.Precision == _label;

    /// <summary>
    /// Features of the training set this victim was trained on, [N, FeatureCount]; one pass for all detectors.
    /// </summary>
    internal float[] TrainingFeatures(RunContext run) =>
        _features ??= Inference.Features(Model, _stage.Inputs.TrainingSet(_victim), run);

    /// <summary>The preflight of every method that follows gradients; measured once.</summary>
    /// <exception cref="NotApplicableException">They do not describe the deployed arithmetic.</exception>
    internal double GradientAgreement(RunContext run) =>
        _gradientAgreement ??= GradientCheck.Measure(Model, _stage.Inputs.Holdout, run);

    /// <summary>The row without a defense: accuracy, attack success, and what the precision really is.</summary>
    internal Scored Undefended(RunContext run)
    {
        using var reference = new Float32().Convert(_models.Network(_victim), _stage.Inputs.Holdout, run);
        var images = _stage.Inputs.CleanTest.Select([
            .. Enumerable.Range(0, Math.Min(DivergenceImages, _stage.Inputs.CleanTest.Count)),
        ]);
        var realisation = Model.Realisation;
        return new()
        {
            Measurements =
            [
                .. Metrics.Measurements(),
                Evaluator.Chance(_stage.Inputs.CleanTest),
                .. Evaluator.Divergence(Model, reference, images, run).Measurements(),
                .. Evaluator.Realisation(Model),
                .. _victim == Victim.Backdoored && _stage.Inputs.Achieved is { } poison ? Evaluator.Poison(poison) : [],
            ],
            Notes = [$"{realisation.Kind}: {realisation.Description}"],
        };
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
