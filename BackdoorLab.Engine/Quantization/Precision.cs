using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>A numeric form in which a trained model is deployed. One record per form.</summary>
public abstract record Precision : Method
{
    /// <summary>Which images activation ranges are read from.</summary>
    public virtual CalibrationSet CalibratedOn => CalibrationSet.CleanHoldout;

    /// <summary>
    /// What this processor changes in the form's numbers, as a part of their identity; empty where nothing does.
    /// </summary>
    public virtual string ProcessorForm => "";

    /// <summary>Parameters that do not go together; paths are relative to the method.</summary>
    public virtual IEnumerable<SpecFault> Conflicts => [];

    /// <summary>
    /// Images whose gradient with respect to the input costs what <see cref="Convert"/> learns, for time estimates.
    /// </summary>
    /// <param name="trainCount">Training images.</param>
    /// <param name="holdoutCount">The defender's clean images.</param>
    public virtual double LearningImages(int trainCount, int holdoutCount) => 0;

    /// <summary>
    /// Converts a trained float32 network. <paramref name="trained"/> is neither changed nor owned by the result, and
    /// must outlive it.
    /// </summary>
    /// <param name="trained">The trained network, evaluation mode.</param>
    /// <param name="images">For activation ranges, learned rounding and fine-tuning; forms that need none ignore
    /// them.</param>
    /// <param name="run">Progress and cancellation.</param>
    /// <exception cref="NotApplicableException">The form cannot be realised for this network or on this
    /// machine.</exception>
    /// <exception cref="Training.TrainingDivergedException">Fine-tuning gave a loss that is NaN or
    /// infinite.</exception>
    public abstract DeployedClassifier Convert(Classifier trained, QuantizationImages images, RunContext run);
}
