using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Reads the activation range of every step from images, by the float network in evaluation mode.
/// </summary>
internal static class Calibration
{
    /// <summary>Fewer say nothing about a range.</summary>
    public const int FewestImages = 16;

    private const int Bins = 2048;
    private const int Candidates = 100;
    private const int BatchSize = 128;
    private const double SmallestWidth = 1e-12;

    /// <summary>One range for each step, in the order of <see cref="StepArithmetic"/>.</summary>
    public static ActivationRange[] Ranges(
        Classifier network,
        ImageSet images,
        RangeObserver observer,
        int levels,
        RunContext run
    )
    {
        var bounds = new List<(double Low, double High)>();
        Pass(
            network,
            images,
            run,
            (step, values) =>
            {
                var (low, high) = (values.min().item<float>(), values.max().item<float>());
                if (step == bounds.Count)
                {
                    bounds.Add((low, high));
                }

                bounds[step] = (Math.Min(bounds[step].Low, low), Math.Max(bounds[step].High, high));
            }
        );
        if (observer == RangeObserver.Histogram)
        {
            var counts = bounds.Select(_ => new double[Bins]).ToArray();
            Pass(
                network,
                images,
                run,
                (step, values) =>
                {
                    // The library's bounds are whole numbers: values are stretched to one unit a bin.
                    var (low, width) = (
                        bounds[step].Low,
                        Math.Max(bounds[step].High - bounds[step].Low, SmallestWidth)
                    );
                    var histogram = values.sub(low).mul(Bins / width).histc(Bins, 0, Bins);
                    var batch = new float[Bins];
                    Inference.CopyTo(histogram, batch);
                    for (var bin = 0; bin < Bins; bin++)
                    {
                        counts[step][bin] += batch[bin];
                    }
                }
            );
            bounds = [.. bounds.Select((bound, step) => LeastError(counts[step], bound.Low, bound.High, levels))];
        }

        return [.. bounds.Select(bound => ActivationRange.Of(bound.Low, bound.High, levels))];
    }

    /// <summary>
    /// The bounds, shrunk towards zero by one common factor, that make the mean squared error of rounding and clipping
    /// least. PyTorch's histogram observer moves the two ends one after the other; on rectified values, whose low end
    /// is zero, both search the same ranges.
    /// </summary>
    internal static (double Low, double High) LeastError(
        ReadOnlySpan<double> counts,
        double low,
        double high,
        int levels
    )
    {
        var best = (Error: double.PositiveInfinity, Factor: 1.0);
        var width = (high - low) / counts.Length;
        for (var candidate = Candidates; candidate > 0; candidate--)
        {
            var factor = (double)candidate / Candidates;
            var range = ActivationRange.Of(low * factor, high * factor, levels);
            var error = 0.0;
            for (var bin = 0; bin < counts.Length; bin++)
            {
                var value = low + (bin + 0.5) * width;
                var clipped = value - Math.Clamp(value, range.Low, range.High);
                // Rounding leaves a uniform error of one step: its mean square is a twelfth of the step's square.
                error += counts[bin] * (clipped * clipped + range.Scale * range.Scale / 12);
            }

            if (error < best.Error)
            {
                best = (error, factor);
            }
        }

        return (low * best.Factor, high * best.Factor);
    }

    private static void Pass(Classifier network, ImageSet images, RunContext run, Action<int, Tensor> observe)
    {
        var arithmetic = new StepArithmetic(
            (step, values) =>
            {
                using var scope = NewDisposeScope();
                observe(step, values);
                return values;
            }
        );
        using var noGrad = no_grad();
        for (var start = 0; start < images.Count; start += BatchSize)
        {
            run.ThrowIfCancelled();
            using var scope = NewDisposeScope();
            network.Logits(
                arithmetic,
                Batches.Images(images, [.. Enumerable.Range(start, Math.Min(BatchSize, images.Count - start))])
            );
        }
    }
}
