namespace BackdoorLab.Engine.Federated;

/// <summary>One uneven dealing: for each class proportions from a symmetric Dirichlet distribution.</summary>
internal static class DirichletDraw
{
    /// <summary>
    /// Every image to a client; a client that already holds its even share gets nothing of the next class.
    /// </summary>
    /// <param name="byClass">Indices of each class's images; not changed.</param>
    /// <param name="images">Images of all classes.</param>
    /// <param name="clients">Clients.</param>
    /// <param name="alpha">Concentration, above 0.</param>
    /// <param name="random">Shuffles each class and draws its proportions, in this order.</param>
    internal static List<int>[] Deal(int[][] byClass, int images, int clients, double alpha, Random random)
    {
        List<int>[] shards = [.. Enumerable.Range(0, clients).Select(_ => new List<int>())];
        foreach (var ordered in byClass)
        {
            var members = (int[])ordered.Clone();
            random.Shuffle(members);

            // A gamma variate each, normalised, is a Dirichlet draw.
            var shares = Array.ConvertAll(
                shards,
                shard => shard.Count >= (double)images / clients ? 0 : Gamma(alpha, random)
            );
            var sum = shares.Sum();
            if (sum <= 0)
            {
                // Everybody is full but for rounding: deal evenly.
                (shares, sum) = ([.. shares.Select(_ => 1.0)], clients);
            }

            var (start, cumulated) = (0, 0.0);
            for (var client = 0; client < clients; client++)
            {
                cumulated += shares[client] / sum;
                var end =
                    client == clients - 1
                        ? members.Length
                        : Math.Min(members.Length, (int)(cumulated * members.Length));
                shards[client].AddRange(members[start..Math.Max(start, end)]);
                start = Math.Max(start, end);
            }
        }

        return shards;
    }

    // Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; boosted for shapes below one.
    private static double Gamma(double shape, Random random)
    {
        if (shape < 1)
        {
            return Gamma(shape + 1, random) * Math.Pow(1 - random.NextDouble(), 1 / shape);
        }

        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal(random);
            var v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v))
            {
                return d * v;
            }
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
