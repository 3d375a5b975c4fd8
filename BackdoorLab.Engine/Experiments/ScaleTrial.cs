using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Experiments;

/// <summary>How a network does on clean images with one preprocessing.</summary>
/// <param name="Name">The preprocessing, in words.</param>
/// <param name="Losses">Cross-entropy of each image, in nats.</param>
/// <param name="Accuracy">Share of images that are right, 0..1.</param>
internal sealed record ScaleTrial(string Name, IReadOnlyList<double> Losses, double Accuracy)
{
    // Two standard errors: about 95 %.
    private const double Errors = 2;

    /// <summary>Nothing tried.</summary>
    internal static ScaleTrial None { get; } = new("", [], 0);

    /// <summary>Mean cross-entropy; infinite where there is none.</summary>
    internal double Loss { get; } =
        Losses.Count > 0 && Losses.Average() is var mean && double.IsFinite(mean) ? mean : double.PositiveInfinity;

    /// <summary>Of logits [N, classes] row-major.</summary>
    internal static ScaleTrial Of(string name, float[] logits, ImageSet images)
    {
        var classes = logits.Length / images.Count;
        var losses = new double[images.Count];
        var right = 0;
        for (var i = 0; i < losses.Length; i++)
        {
            var row = logits.AsSpan(i * classes, classes);
            var most = row[0];
            var best = 0;
            for (var c = 1; c < classes; c++)
            {
                if (row[c] > most)
                {
                    (most, best) = (row[c], c);
                }
            }

            var sum = 0.0;
            foreach (var logit in row)
            {
                sum += Math.Exp(logit - most);
            }

            losses[i] = most + Math.Log(sum) - row[images.Labels[i]];
            right += best == images.Labels[i] ? 1 : 0;
        }

        return new(name, losses, (double)right / losses.Length);
    }

    /// <summary>
    /// Whether the images do not tell this preprocessing from another: the mean of the paired differences of their
    /// losses is within two of its standard errors.
    /// </summary>
    internal bool Ties(ScaleTrial other)
    {
        double[] differences = [.. Losses.Zip(other.Losses, (mine, its) => its - mine)];
        var mean = differences.Average();
        var error = Math.Sqrt(
            differences.Sum(value => (value - mean) * (value - mean))
                / Math.Max(1, differences.Length - 1)
                / differences.Length
        );
        return Math.Abs(mean) <= Errors * error;
    }

    /// <summary>The remark on a preprocessing that was taken.</summary>
    /// <param name="others">What was tried beside it.</param>
    internal string Words(IReadOnlyList<ScaleTrial> others)
    {
        List<string> tied = [.. others.Where(Ties).Select(other => other.Name)];
        return FormattableString.Invariant(
                $"pixel scale: {Name} (loss {Loss:0.000}, {100 * Accuracy:0.0} % of {Losses.Count} clean images right"
            )
            + string.Concat(
                others.Select(other =>
                    FormattableString.Invariant($"; {other.Name} {other.Loss:0.000}, {100 * other.Accuracy:0.0} %")
                )
            )
            + ")"
            + (
                tied.Count > 0
                    ? $"; a tie: {string.Join(" and ", tied)} cannot be told from it on these images, so the scale is not known"
                    : ""
            );
    }
}
