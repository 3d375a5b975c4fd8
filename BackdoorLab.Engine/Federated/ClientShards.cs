using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>Deals training images to clients.</summary>
public static class ClientShards
{
    private const int SmallestShard = 10;
    private const int Attempts = 1000;

    /// <summary>Indices of each client's images, by the rule of <paramref name="simulation"/>.</summary>
    /// <exception cref="SpecException">No draw gives every client enough images.</exception>
    public static int[][] Deal(int[] labels, int classes, Simulation simulation, SeedTree seeds)
    {
        var shards = simulation.Partition == Partition.Iid
            ? Iid(labels, classes, simulation.Clients, seeds.Random())
            : Dirichlet(labels, classes, simulation.Clients, simulation.Alpha, seeds);
        for (var client = 0; client < shards.Length; client++)
        {
            if (shards[client].Length < simulation.BatchSize)
            {
                throw new SpecException([new(
                    "federation.simulation.batchSize",
                    $"must not be above the {shards[client].Length} images of client {client}, which would train nothing (a batch that is not full is left out); found {simulation.BatchSize}. "
                    + "Lower it, have fewer clients, or raise alpha.")]);
            }
        }

        return shards;
    }

    /// <summary>
    /// Class-balanced: every class is cut into S interleaved slices and client i takes slice i of each, where S = floor((n / classes) /
    /// floor(n / (clients * classes))); where S is above the number of clients some slices are used by nobody, as in the released code.
    /// </summary>
    public static int[][] Iid(int[] labels, int classes, int clients, Random random)
    {
        var perClientAndClass = labels.Length / (clients * classes);
        var slices = perClientAndClass == 0 ? clients : Math.Max(clients, labels.Length / classes / perClientAndClass);
        var shards = Enumerable.Range(0, clients).Select(_ => new List<int>()).ToArray();
        foreach (var members in ByClass(labels, classes, random))
        {
            for (var i = 0; i < members.Length; i++)
            {
                if (i % slices < clients)
                {
                    shards[i % slices].Add(members[i]);
                }
            }
        }

        return Sorted(shards);
    }

    /// <summary>
    /// Per class, proportions from Dirichlet(alpha); a client that already holds its even share gets nothing more. Drawn again until the
    /// smallest client has ten images.
    /// </summary>
    /// <exception cref="SpecException">A thousand draws were not enough.</exception>
    public static int[][] Dirichlet(int[] labels, int classes, int clients, double alpha, SeedTree seeds)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var random = seeds.Child(attempt).Random();
            var shards = Draw(ByClass(labels, classes, random), labels.Length, clients, alpha, random);
            if (shards.Min(shard => shard.Count) >= SmallestShard)
            {
                return Sorted(shards);
            }
        }

        throw new SpecException([new(
            "federation.simulation.alpha",
            FormattableString.Invariant($"in {Attempts} draws of Dirichlet({alpha}) some of {clients} clients had fewer than {SmallestShard} of the {labels.Length} images. Raise alpha, have fewer clients or more images."))]);
    }

    private static List<int>[] Draw(IEnumerable<int[]> byClass, int images, int clients, double alpha, Random random)
    {
        var shards = Enumerable.Range(0, clients).Select(_ => new List<int>()).ToArray();
        foreach (var members in byClass)
        {
            // A gamma variate each, normalised, is a Dirichlet draw.
            var shares = Array.ConvertAll(shards, shard => shard.Count >= (double)images / clients ? 0 : Gamma(alpha, random));
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
                var end = client == clients - 1 ? members.Length : Math.Min(members.Length, (int)(cumulated * members.Length));
                shards[client].AddRange(members[start..Math.Max(start, end)]);
                start = Math.Max(start, end);
            }
        }

        return shards;
    }

    private static IEnumerable<int[]> ByClass(int[] labels, int classes, Random random)
    {
        for (var label = 0; label < classes; label++)
        {
            int[] members = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] == label)];
            random.Shuffle(members);
            yield return members;
        }
    }

    private static int[][] Sorted(List<int>[] shards) => Array.ConvertAll(shards, shard =>
    {
        shard.Sort();
        return shard.ToArray();
    });

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
