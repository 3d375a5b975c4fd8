namespace BackdoorLab.Engine.Statistics;

/// <summary>Shannon entropy in nats.</summary>
public static class Entropy
{
    /// <summary>Entropy of a distribution; zero probabilities add nothing.</summary>
    public static double OfProbabilities(ReadOnlySpan<double> probabilities)
    {
        var sum = 0.0;
        foreach (var p in probabilities)
        {
            sum -= p > 0 ? p * Math.Log(p) : 0;
        }

        return sum;
    }

    /// <summary>Entropy of a distribution; zero probabilities add nothing.</summary>
    public static double OfProbabilities(ReadOnlySpan<float> probabilities)
    {
        var sum = 0.0;
        foreach (var p in probabilities)
        {
            sum -= p > 0 ? p * Math.Log(p) : 0;
        }

        return sum;
    }

    /// <summary>Entropy of the softmax of <paramref name="logits"/>, safe for logits of any size.</summary>
    public static double OfLogits(ReadOnlySpan<float> logits)
    {
        var maximum = double.NegativeInfinity;
        foreach (var logit in logits)
        {
            maximum = Math.Max(maximum, logit);
        }

        var (total, weighted) = (0.0, 0.0);
        foreach (var logit in logits)
        {
            var weight = Math.Exp(logit - maximum);
            total += weight;
            weighted += weight * (logit - maximum);
        }

        return Math.Log(total) - weighted / total;
    }
}
