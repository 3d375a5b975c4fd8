using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Models;

/// <summary>A network architecture. One record per architecture.</summary>
public abstract record ModelSource : Method
{
    /// <summary>
    /// Builds a freshly initialised network in channels-last layout, alive outside any dispose scope (the caller owns
    /// it). Initialisation draws from the process-wide libtorch generator, which the caller seeds.
    /// </summary>
    public abstract Classifier Build(ClassifierShape shape);

    /// <summary>
    /// The settings that change names or shapes of its weights: what a file is compared with to find out which network
    /// it belongs to.
    /// </summary>
    public virtual IEnumerable<ModelSource> Variants => [this];

    /// <summary>
    /// Whether its networks keep running means and variances of batch normalisation, which evaluation uses.
    /// </summary>
    public virtual bool TracksStatistics => true;

    /// <summary>Smallest height and width in pixels of images that its networks take.</summary>
    public virtual int SmallestSide => 1;

    /// <summary>Refuses images that are too small.</summary>
    /// <exception cref="NotApplicableException">A side is below <see cref="SmallestSide"/>.</exception>
    protected void RequireSize(ClassifierShape shape)
    {
        if (Math.Min(shape.Height, shape.Width) < SmallestSide)
        {
            throw new NotApplicableException(
                $"This network takes images from {SmallestSide} x {SmallestSide} pixels on; these are {shape.Height} x {shape.Width}."
            );
        }
    }

    /// <summary>Trainable parameters and multiply-adds of one image's forward pass.</summary>
    public virtual ModelCost Cost(ClassifierShape shape) => CostMeter.Measure(this, shape);
}

/// <summary>Size of a network.</summary>
/// <param name="Parameters">Trainable parameters.</param>
/// <param name="MultiplyAdds">Multiply-adds of one image's forward pass: convolutions, linear layers and the products
/// between tokens in attention.</param>
public sealed record ModelCost(long Parameters, long MultiplyAdds);
