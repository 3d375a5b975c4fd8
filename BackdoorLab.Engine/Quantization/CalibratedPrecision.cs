using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>How the range of a step's values is read from calibration images.</summary>
public enum RangeObserver
{
    /// <summary>The smallest and the largest value seen.</summary>
    MinMax,

    /// <summary>
    /// The range with the least mean squared error of rounding and clipping, by a histogram of the values seen.
    /// </summary>
    Histogram,
}

/// <summary>Where calibration images come from.</summary>
public enum CalibrationSet
{
    /// <summary>
    /// The training set as received, which is what is at hand when a model is quantized; it may be poisoned.
    /// </summary>
    Training,

    /// <summary>The defender's clean images.</summary>
    CleanHoldout,
}

/// <summary>
/// A precision whose activations have fixed ranges, one for each step, read from images when it is made; the network
/// can be fine-tuned for it before (quantization-aware training).
/// </summary>
public abstract record CalibratedPrecision : RoundedPrecision
{
    /// <summary>Images that activation ranges are read from.</summary>
    [Range(Calibration.FewestImages, 10_000)]
    [Description("Images that activation ranges are read from.")]
    public int CalibrationImages { get; init; } = 256;

    /// <summary>Where they come from.</summary>
    [Description(
        "Ranges read from the training set as received (the usual way; it may hold triggered images) or from clean images only, which clips what only a trigger reaches."
    )]
    public CalibrationSet CalibrationSet { get; init; }

    /// <summary>How a range is read.</summary>
    [Description("The full range of the values seen, or the range with the least squared error.")]
    public RangeObserver Observer { get; init; } = RangeObserver.Histogram;

    /// <summary>
    /// Passes of quantization-aware training before the conversion; 0 converts the network as it was trained.
    /// </summary>
    [OmittedAtDefault]
    [Range(0, 1000)]
    [Display(Name = "QAT epochs")]
    [Description(
        "Quantization-aware training: passes over all images of the calibration set, with their labels as received and rounding simulated, before the conversion; 0 is off."
    )]
    public int QatEpochs { get; init; }

    /// <summary>Peak learning rate of quantization-aware training.</summary>
    [OmittedAtDefault]
    [Range(1e-7, 1.0)]
    [Display(Name = "QAT learning rate")]
    [Description("Peak learning rate of quantization-aware training (Adam, falling to zero along a cosine).")]
    public double QatLearningRate { get; init; } = 1e-3;

    /// <summary>Which folded weights share a scale.</summary>
    [OmittedAtDefault]
    [Description(
        "One weight scale for each output channel (FBGEMM, X86, oneDNN) or one for each layer (QNNPACK), in both cases with normalisation folded into the weights."
    )]
    public WeightScheme WeightScheme { get; init; }

    /// <inheritdoc/>
    public sealed override CalibrationSet CalibratedOn => CalibrationSet;

    /// <inheritdoc/>
    public sealed override IEnumerable<SpecFault> Conflicts =>
        QatEpochs > 0 && Rounding != Rounding.Nearest
            ?
            [
                new(
                    "rounding",
                    $"must be nearest where qatEpochs is above 0, since learned rounding would undo what was trained; found {ParameterReader.Kebab(Rounding.ToString())}."
                ),
            ]
            : [];

    /// <inheritdoc/>
    public sealed override double LearningImages(int trainCount, int holdoutCount) =>
        base.LearningImages(trainCount, holdoutCount)
        + QatEpochs
            * QuantizationAwareTraining.GradientImages(
                CalibrationSet == CalibrationSet.Training ? trainCount : holdoutCount
            );

    /// <inheritdoc/>
    public sealed override DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run)
    {
        if (Conflicts.FirstOrDefault() is { } conflict)
        {
            throw new NotApplicableException(conflict.ToString());
        }

        var drawn = DrawImages(images.Calibration, run);
        var ranges = Calibration.Ranges(trained, drawn, Observer, ActivationLevels, run);
        using var changed =
            QatEpochs == 0
                ? Learn(trained, images, WeightScales, WeightLevels, run)
                : new QuantizationAwareTraining(WeightScales, ranges).Of(
                    trained,
                    images.Calibration,
                    QatEpochs,
                    QatLearningRate,
                    run.Child("qat")
                );
        return Quantize(changed ?? trained, ranges, Words(drawn), QatWords(images.Calibration));
    }

    /// <summary>Largest integer of an activation.</summary>
    private protected abstract int ActivationLevels { get; }

    /// <summary>Largest integer of a weight.</summary>
    private protected abstract int WeightLevels { get; }

    /// <summary>Scales of a layer's weights, shaped to divide them.</summary>
    private protected Tensor WeightScales(LayerStep step) => WeightRounding.Scales(step, WeightLevels, WeightScheme);

    /// <summary>The conversion itself.</summary>
    /// <param name="network">Trained, with learned rounding or fine-tuned; the result must not need it
    /// afterwards.</param>
    /// <param name="ranges">One range for each step.</param>
    /// <param name="rangeWords">Where the ranges come from, for the realisation.</param>
    /// <param name="qatWords">A sentence about fine-tuning that ends the realisation; empty where there was
    /// none.</param>
    private protected abstract DeployedClassifier Quantize(
        Classifier network,
        ActivationRange[] ranges,
        string rangeWords,
        string qatWords
    );

    /// <summary>So many of the images as were asked for, drawn at random, or all there are.</summary>
    /// <exception cref="NotApplicableException">Fewer than <see cref="Calibration.FewestImages"/>.</exception>
    internal ImageSet DrawImages(ImageSet from, RunContext run)
    {
        if (from.Count < Calibration.FewestImages)
        {
            throw new NotApplicableException(
                $"Activation ranges need at least {Calibration.FewestImages} images; there are {from.Count}."
            );
        }

        return from.Draw(CalibrationImages, run.Seeds.Child("calibration"));
    }

    /// <summary>
    /// A copy in evaluation mode whose weights are the nearest multiples of their scales. The caller owns it.
    /// </summary>
    private protected Classifier FloatModel(Classifier source) =>
        WeightRounding.FloatModel(source, step => WeightRounding.Nearest(step.Layer.weight, WeightScales(step)));

    /// <summary>Says in a realisation's sentence which weights share a scale.</summary>
    private protected string WeightWords =>
        WeightScheme == WeightScheme.PerChannelSymmetric ? "per output channel" : "one scale per layer";

    /// <summary>
    /// "least squared error over 256 images of the training set"; says when there were fewer than asked for.
    /// </summary>
    private string Words(ImageSet images) =>
        (Observer == RangeObserver.MinMax ? "minimum and maximum" : "least squared error")
        + $" over {images.Count} images of the {SetWords}"
        + (images.Count < CalibrationImages ? $", where {CalibrationImages} were asked for" : "");

    private string QatWords(ImageSet labelled) =>
        QatEpochs == 0
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $" Before that the network was fine-tuned with rounding simulated: quantization-aware training for {QatEpochs} epoch{(QatEpochs == 1 ? "" : "s")} over the {labelled.Count} labelled images of the {SetWords} (Adam, peak rate {QatLearningRate:g3})."
            );

    private string SetWords => CalibrationSet == CalibrationSet.Training ? "training set" : "clean holdout";
}
