using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Quantization;

/// <summary>The images at hand when a model is quantized.</summary>
/// <param name="Calibration">
/// Those that activation ranges are read from and quantization-aware training sees, with their labels: the whole of the
/// set that <see cref="Precision.CalibratedOn"/> says, the training set as received.
/// </param>
/// <param name="CleanHoldout">The defender's clean images, which rounding is learned from.</param>
public sealed record QuantizationImages(ImageSet Calibration, ImageSet CleanHoldout)
{
    /// <summary>The same images for both.</summary>
    public static implicit operator QuantizationImages(ImageSet images) => new(images, images);
}
