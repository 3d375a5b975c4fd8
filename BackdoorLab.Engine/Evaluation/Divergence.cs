using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>Difference between two models' logits on the same images.</summary>
/// <param name="RelativeDistance">||logits - reference|| / ||reference||, Euclidean, over all images together.</param>
/// <param name="Agreement">Images that get the same class.</param>
public sealed record Divergence(double RelativeDistance, Share Agreement)
{
    /// <summary>Compares logits [count, classes], row-major.</summary>
    public static Divergence Between(float[] logits, float[] reference, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, reference.Length);
        var (distance, norm) = (0.0, 0.0);
        for (var i = 0; i < logits.Length; i++)
        {
            var difference = (double)logits[i] - reference[i];
            distance += difference * difference;
            norm += (double)reference[i] * reference[i];
        }

        var (mine, theirs) = (Inference.ArgMax(logits, count), Inference.ArgMax(reference, count));
        return new Divergence(
            distance == 0 ? 0 : Math.Sqrt(distance / norm),
            Share.Of(count, _ => true, i => mine[i] == theirs[i])
        );
    }

    /// <summary>Rows of the results.</summary>
    public IReadOnlyList<Measurement> Measurements()
    {
        List<Measurement> rows = [];
        if (double.IsFinite(RelativeDistance))
        {
            rows.Add(new Measurement(Metric.LogitDivergence.Id, RelativeDistance, Agreement.Count));
        }

        if (Agreement.IsDefined)
        {
            rows.Add(Agreement.As(Metric.ArgmaxAgreement));
        }

        return rows;
    }
}
