namespace BackdoorLab.Engine.Training;

/// <summary>How fast this machine runs one network.</summary>
/// <param name="TrainImagesPerSecond">Whole training steps.</param>
/// <param name="ForwardImagesPerSecond">Evaluation forward passes in float32.</param>
/// <param name="GradientImagesPerSecond">Forward and backward in float32 with frozen weights (trigger
/// inversion).</param>
/// <param name="Measured">True when measured here, false when guessed from the network's size.</param>
public sealed record Throughput(
    double TrainImagesPerSecond,
    double ForwardImagesPerSecond,
    double GradientImagesPerSecond,
    bool Measured
)
{
    private const double ForwardFlops = 100e9;
    private const double OverheadSeconds = 60e-6;

    /// <summary>
    /// A guess from the multiply-adds of one image, for a two-core server; good to a factor of two or three.
    /// </summary>
    public static Throughput Guess(long multiplyAdds, int threads, bool bfloat16)
    {
        var forward = (2.0 * multiplyAdds / (ForwardFlops * threads / 2)) + OverheadSeconds;
        return new(1 / (3.2 * forward / (bfloat16 ? 1.7 : 1)), 1 / forward, 1 / (2.3 * forward), false);
    }
}
