using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>Images dealt to clients.</summary>
/// <param name="Clients">Indices of each client's images, ascending; no image has two owners.</param>
/// <param name="Draws">How many draws it took; 1 where the first was good enough or nothing is drawn.</param>
public sealed record Shards(int[][] Clients, int Draws);

/// <summary>
/// Deals training images to clients. How many of which class each gets hangs on the seed and on the numbers of images
/// of the classes alone, so that what cannot be dealt is known without the images.
/// </summary>
public static class ClientShards
{
    private const int SmallestShard = 10;
    private const int MostDraws = 1000;

    // Proportions drawn in all before a federation of very many clients and classes is given up.
    private const int MostShares = 20_000_000;

    /// <summary>
    /// Images that every client must have: a batch, and under Dirichlet dealing ten as in the released code.
    /// </summary>
    public static int Smallest(Simulation simulation) =>
        simulation.Partition == Partition.Dirichlet
            ? Math.Max(SmallestShard, simulation.BatchSize)
            : simulation.BatchSize;

    /// <summary>Deals by the rule of <paramref name="simulation"/>.</summary>
    /// <param name="labels">Class of each image.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="simulation">Clients, rule, batch size.</param>
    /// <param name="seeds">Decides who gets which images, and how many.</param>
    /// <exception cref="SpecException">Some client would have fewer than <see cref="Smallest"/> images, in every one of
    /// many draws.</exception>
    public static Shards Deal(int[] labels, int classes, Simulation simulation, SeedTree seeds)
    {
        if (TooFew(simulation, labels.Length) is { } fault)
        {
            throw new SpecException([fault]);
        }

        if (simulation.Partition == Partition.Dirichlet)
        {
            return Dirichlet(labels, classes, simulation.Clients, simulation.Alpha, Smallest(simulation), seeds);
        }

        var shards =
            simulation.IidRule == IidRule.Released
                ? Released(labels, classes, simulation.Clients, seeds.Random())
                : RoundRobin(labels, classes, simulation.Clients, seeds.Random());
        for (var client = 0; client < shards.Length; client++)
        {
            if (shards[client].Length < simulation.BatchSize)
            {
                throw new SpecException([
                    new(
                        "federation.simulation.batchSize",
                        $"must not be above the {shards[client].Length} images of client {client}, which would train nothing (a batch that is not full is left out); found {simulation.BatchSize}. "
                            + "Lower it or have fewer clients."
                    ),
                ]);
            }
        }

        return new(shards, 1);
    }

    /// <summary>
    /// What is wrong when so many images, of whatever classes, are too few for every client to have a batch; null
    /// otherwise.
    /// </summary>
    public static SpecFault? TooFew(Simulation simulation, int images)
    {
        var smallest = Smallest(simulation);
        return (long)simulation.Clients * smallest <= images
            ? null
            : new(
                "federation.simulation.clients",
                FormattableString.Invariant(
                    $"{simulation.Clients} clients need {smallest} images each, a batch, and there are {images}: have at most {images / smallest} clients, lower batchSize, or take more images."
                )
            );
    }

    /// <summary>
    /// Class after class, image after image, to the next client: every client has floor(n / clients) images or one
    /// more, and as many of each class as any other or one more.
    /// </summary>
    public static int[][] RoundRobin(int[] labels, int classes, int clients, Random random)
    {
        var (shards, next) = (Empty(clients), 0);
        foreach (var members in ByClass(labels, classes))
        {
            random.Shuffle(members);
            foreach (var index in members)
            {
                shards[next].Add(index);
                next = (next + 1) % clients;
            }
        }

        return Sorted(shards);
    }

    /// <summary>
    /// As the released Lockdown code: every class is cut into S interleaved slices and client i takes slice i of each,
    /// where S = floor((n / classes) / floor(n / (clients * classes))); where S is above the number of clients some
    /// slices are used by nobody.
    /// </summary>
    public static int[][] Released(int[] labels, int classes, int clients, Random random)
    {
        var perClientAndClass = labels.Length / (clients * classes);
        var slices = perClientAndClass == 0 ? clients : Math.Max(clients, labels.Length / classes / perClientAndClass);
        var shards = Empty(clients);
        foreach (var members in ByClass(labels, classes))
        {
            random.Shuffle(members);
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
    /// Per class, proportions from Dirichlet(alpha); a client that already holds its even share gets nothing more.
    /// Drawn again until the smallest client has <paramref name="smallest"/> images.
    /// </summary>
    /// <exception cref="SpecException">A thousand draws (fewer of very many clients and classes) were not
    /// enough.</exception>
    public static Shards Dirichlet(int[] labels, int classes, int clients, double alpha, int smallest, SeedTree seeds)
    {
        var byClass = ByClass(labels, classes);
        var attempts = Math.Clamp(MostShares / Math.Max(1, clients * classes), 20, MostDraws);
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var random = seeds.Child(attempt).Random();
            var shards = DirichletDraw.Deal(byClass, labels.Length, clients, alpha, random);
            if (shards.Min(shard => shard.Count) >= smallest)
            {
                return new(Sorted(shards), attempt + 1);
            }
        }

        throw new SpecException([
            new(
                "federation.simulation.alpha",
                FormattableString.Invariant(
                    $"in {attempts} draws of Dirichlet({alpha}) some of {clients} clients had fewer than {smallest} of the {labels.Length} images (a batch, ten at least). Raise alpha, have fewer clients, lower batchSize, or take more images."
                )
            ),
        ]);
    }

    private static List<int>[] Empty(int clients) => [.. Enumerable.Range(0, clients).Select(_ => new List<int>())];

    private static int[][] ByClass(int[] labels, int classes)
    {
        var members = Empty(classes);
        for (var i = 0; i < labels.Length; i++)
        {
            members[labels[i]].Add(i);
        }

        return Array.ConvertAll(members, list => list.ToArray());
    }

    private static int[][] Sorted(List<int>[] shards) =>
        Array.ConvertAll(
            shards,
            shard =>
            {
                shard.Sort();
                return shard.ToArray();
            }
        );
}
