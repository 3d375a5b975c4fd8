using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// An affine map between floats and the integers 0..<paramref name="Levels"/>: value = (integer - zero point) * scale.
/// Zero is always exact, since padding and rectified values are zeros.
/// </summary>
/// <param name="Scale">Size of one step.</param>
/// <param name="ZeroPoint">The integer that stands for zero.</param>
/// <param name="Levels">The largest integer: 255 for 8 bits, 127 for the reduced range, 15 for 4 bits.</param>
internal readonly record struct ActivationRange(double Scale, int ZeroPoint, int Levels)
{
    // A step whose values are all zero still needs a scale that can be divided by.
    private const double SmallestScale = 1e-8;

    /// <summary>The map whose range holds <paramref name="low"/>, <paramref name="high"/> and zero.</summary>
    public static ActivationRange Of(double low, double high, int levels)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        var scale = Math.Max((high - low) / levels, SmallestScale);
        return new(scale, Math.Clamp((int)Math.Round(-low / scale), 0, levels), levels);
    }

    /// <summary>The value of the smallest integer.</summary>
    public double Low => -ZeroPoint * Scale;

    /// <summary>The value of the largest integer.</summary>
    public double High => (Levels - ZeroPoint) * Scale;

    /// <summary>Float values rounded to what the integers can say, in place.</summary>
    public Tensor Round(Tensor values) =>
        values.div_(Scale).round_().clamp_(-ZeroPoint, Levels - ZeroPoint).mul_(Scale);
}
