using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>How gradients with respect to the input are had at a precision.</summary>
public enum GradientAccess
{
    /// <summary>The deployed arithmetic itself is differentiated.</summary>
    True,

    /// <summary>
    /// A float model with the de-quantised weights is differentiated; verdicts are checked on the deployed model.
    /// </summary>
    StraightThrough,

    /// <summary>None.</summary>
    None,
}

/// <summary>How a precision is realised: part of every result.</summary>
/// <param name="Kind">"float", "integer kernels", "weight-only", "simulated".</param>
/// <param name="Description">One sentence: which layers, which arithmetic, which engine.</param>
/// <param name="ParameterShare">Share of parameters held at the reduced precision, 0..1.</param>
/// <param name="MultiplyAddShare">Share of multiply-adds executed at the reduced precision, 0..1.</param>
public sealed record Realisation(string Kind, string Description, double ParameterShare, double MultiplyAddShare)
{
    /// <summary>
    /// The <see cref="Kind"/> of a precision that multiplies integers: such kernels have no backward pass.
    /// </summary>
    public const string IntegerKernels = "integer kernels";
}

/// <summary>
/// A classifier as it is deployed at one precision: what defenses and measurements see. <see cref="Logits"/> and
/// <see cref="Features"/> run the precision's own arithmetic; <see cref="FloatModel"/> is the float network that stands
/// for it where gradients or weights are needed.
/// </summary>
/// <param name="floatModel">Float network with this precision's weights; owned by this object when
/// <paramref name="ownsFloatModel"/>.</param>
/// <param name="ownsFloatModel">Whether disposing this object disposes the float model.</param>
public abstract class DeployedClassifier(Classifier floatModel, bool ownsFloatModel) : IDisposable
{
    /// <summary>Float network with this precision's (de-quantised) weights, in evaluation mode.</summary>
    public Classifier FloatModel { get; } = floatModel;

    /// <summary>How the precision is realised.</summary>
    public abstract Realisation Realisation { get; }

    /// <summary>What differentiating <see cref="FloatModel"/> means for this precision.</summary>
    public abstract GradientAccess Gradients { get; }

    /// <summary>
    /// Logits float32 [N, classes] from pixels in [0,1] [N,C,H,W]; no gradient; caller's dispose scope owns the result.
    /// </summary>
    public abstract Tensor Logits(Tensor images);

    /// <summary>Penultimate features float32 [N, FeatureCount]; no gradient.</summary>
    public abstract Tensor Features(Tensor images);

    /// <summary>
    /// What the stages of the network put out, by the deployed arithmetic: float32 [N, channels, h, w] by the stage's
    /// name, in the order they run; no gradient; caller's dispose scope owns them. Empty where there are none.
    /// </summary>
    public virtual IReadOnlyList<(string Name, Tensor Values)> Stages(Tensor images) => [];

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the precision added, and the float model when it is owned.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing && ownsFloatModel)
        {
            FloatModel.Dispose();
        }
    }
}
