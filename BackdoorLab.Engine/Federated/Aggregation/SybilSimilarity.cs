namespace BackdoorLab.Engine.Federated;

/// <summary>FoolsGold's weights from the angles between clients' histories (Fung et al. 2020, algorithm 1).</summary>
public static class SybilSimilarity
{
    // The released code adds this to every similarity; below it clients cannot be told apart.
    private const double Indistinct = 1e-5;

    /// <summary>
    /// A weight in [0, 1] for each history, the largest 1 at confidence 1: 1 minus its greatest cosine similarity (not
    /// below 0) to another, where the similarity to a client that is itself more similar to somebody is reduced by the
    /// ratio of both (pardoning); divided by the largest; then confidence x (ln(a / (1 - a)) + 0.5), clipped. Where all
    /// are alike nothing tells them apart and all weights are 1, the limit of equal values divided by their largest.
    /// </summary>
    /// <param name="histories">Products of the clients' summed updates.</param>
    /// <param name="confidence">kappa, the slope of the logit.</param>
    public static double[] Weights(GramMatrix histories, double confidence)
    {
        int[] clients = [.. Enumerable.Range(0, histories.Count)];
        var nearest = Array.ConvertAll(clients, i => Greatest(clients, i, j => histories.Cosine(i, j)));
        var distinct = Array.ConvertAll(
            clients,
            i =>
                Math.Clamp(
                    1
                        - Greatest(
                            clients,
                            i,
                            j => histories.Cosine(i, j) * (nearest[i] < nearest[j] ? nearest[i] / nearest[j] : 1)
                        ),
                    0,
                    1
                )
        );
        var largest = distinct.Max();
        return Array.ConvertAll(distinct, value => largest < Indistinct ? 1 : Logit(value / largest, confidence));
    }

    private static double Greatest(int[] clients, int client, Func<int, double> similarity) =>
        clients.Where(other => other != client).Select(similarity).Append(0).Max();

    // As in the released code a value of 1, whose logit is infinite, counts as 0.99; it is clipped to 1 at the default
    // confidence.
    private static double Logit(double value, double confidence)
    {
        var bounded = Math.Min(value, 0.99);
        return Math.Clamp(confidence * (Math.Log(bounded / (1 - bounded)) + 0.5), 0, 1);
    }
}
