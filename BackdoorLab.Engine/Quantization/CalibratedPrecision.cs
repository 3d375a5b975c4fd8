using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>How the range of a step's values is read from calibration images.</summary>
public enum RangeObserver
{
    /// <summary>The smallest and the largest value seen.</summary>
    MinMax,

    /// <summary>The range with the least mean squared error of rounding and clipping, by a histogram of the values seen.</summary>
    Histogram,
}

/// <summary>Where calibration images come from.</summary>
public enum CalibrationSet
{
    /// <summary>The training set as received, which is what is at hand when a model is quantized; it may be poisoned.</summary>
    Training,

    /// <summary>The defender's clean images.</summary>
    CleanHoldout,
}

/// <summary>A precision whose activations have fixed ranges, one for each step, read from images when it is made.</summary>
public abstract record CalibratedPrecision : RoundedPrecision
{
    /// <summary>Images that activation ranges are read from.</summary>
    [Range(Calibration.FewestImages, 10_000)]
    [Description("Images that activation ranges are read from.")]
    public int CalibrationImages { get; init; } = 256;

    /// <summary>Where they come from.</summary>
    [Description("Ranges read from the training set as received (the usual way; it may hold triggered images) or from clean images only, which clips what only a trigger reaches.")]
    public CalibrationSet CalibrationSet { get; init; }

    /// <summary>How a range is read.</summary>
    [Description("The full range of the values seen, or the range with the least squared error.")]
    public RangeObserver Observer { get; init; } = RangeObserver.Histogram;

    /// <summary>Which folded weights share a scale.</summary>
    [OmittedAtDefault]
    [Description("One weight scale for each output channel (FBGEMM, X86, oneDNN) or one for each layer (QNNPACK), in both cases with normalisation folded into the weights.")]
    public WeightScheme WeightScheme { get; init; }

    /// <inheritdoc/>
    public sealed override CalibrationSet CalibratedOn => CalibrationSet;

    /// <summary>So many of the images as were asked for, drawn at random, or all there are.</summary>
    /// <exception cref="NotApplicableException">Fewer than <see cref="Calibration.FewestImages"/>.</exception>
    internal ImageSet DrawImages(ImageSet from, RunContext run)
    {
        if (from.Count < Calibration.FewestImages)
        {
            throw new NotApplicableException($"Activation ranges need at least {Calibration.FewestImages} images; there are {from.Count}.");
        }

        return from.Draw(CalibrationImages, run.Seeds.Child("calibration"));
    }

    /// <summary>The network with learned rounding, or null where nothing is learned; see <see cref="RoundedPrecision"/>.</summary>
    private protected Classifier? Learn(Classifier trained, QuantizationImages images, int levels, RunContext run) =>
        Learn(trained, images, step => WeightRounding.Scales(step, levels, WeightScheme), levels, run);

    /// <summary>A copy in evaluation mode whose weights are the nearest multiples of their scales. The caller owns it.</summary>
    private protected Classifier Twin(Classifier source, int levels) =>
        WeightRounding.Twin(source, step => WeightRounding.Nearest(step.Layer.weight, WeightRounding.Scales(step, levels, WeightScheme)));

    /// <summary>Says in a realisation's sentence which weights share a scale.</summary>
    private protected string WeightWords => WeightScheme == WeightScheme.PerChannelSymmetric ? "per output channel" : "one scale per layer";

    /// <summary>"least squared error over 256 images of the training set"; says when there were fewer than asked for.</summary>
    private protected string Words(ImageSet images) =>
        (Observer == RangeObserver.MinMax ? "minimum and maximum" : "least squared error")
        + $" over {images.Count} images of the {(CalibrationSet == CalibrationSet.Training ? "training set" : "clean holdout")}"
        + (images.Count < CalibrationImages ? $", where {CalibrationImages} were asked for" : "");
}
