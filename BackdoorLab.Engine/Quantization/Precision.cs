using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>A numeric form in which a trained model is deployed. One record per form.</summary>
public abstract record Precision : Method
{
    /// <summary>Which images activation ranges are read from.</summary>
    public virtual CalibrationSet CalibratedOn => CalibrationSet.CleanHoldout;

    /// <summary>Images whose gradient <see cref="Convert"/> takes, for time estimates.</summary>
    public virtual double LearningImages => 0;

    /// <summary>
    /// Converts a trained float32 network. <paramref name="trained"/> is neither changed nor owned by the result, and must outlive it.
    /// </summary>
    /// <param name="trained">The trained network, evaluation mode.</param>
    /// <param name="images">For activation ranges and learned rounding; forms that need none ignore them.</param>
    /// <param name="run">Progress and cancellation.</param>
    /// <exception cref="NotApplicableException">The form cannot be realised for this network or on this machine.</exception>
    public abstract DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run);
}
