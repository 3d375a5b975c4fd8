using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>Rounds of an aggregator over updates given as arrays.</summary>
internal static class Rounds
{
    /// <summary>
    /// One round: client i sends updates[i] with weights[i] (1 without); the step and the clients' weights in it.
    /// </summary>
    internal static (float[] Step, double[] Trust) Run(
        Aggregator aggregator,
        float[][] updates,
        int attackers = 0,
        double[]? weights = null,
        int[]? clients = null,
        int? announced = null,
        AggregatorMemory? memory = null,
        long seed = 1
    )
    {
        using var scope = NewDisposeScope();
        using var ownMemory = new AggregatorMemory();
        using var aggregation = aggregator.Begin(
            Round(updates[0].Length, announced ?? updates.Length, attackers, memory ?? ownMemory, seed)
        );
        for (var i = 0; i < updates.Length; i++)
        {
            aggregation.Add(Update(clients?[i] ?? i, updates[i], weights?[i] ?? 1));
        }

        return (Values(aggregation.Finish()), [.. aggregation.Trust]);
    }

    internal static AggregationRound Round(
        long parameters,
        int clients,
        int attackers,
        AggregatorMemory memory,
        long seed = 1
    ) => new(parameters, clients, attackers, new SeedTree(seed), memory);

    internal static ClientUpdate Update(int client, float[] change, double weight = 1) =>
        new(client, weight, AlignedTensor.Of(change, change.Length));

    internal static Tensor Rows(params float[][] rows) =>
        AlignedTensor.Of([.. rows.SelectMany(row => row)], rows.Length, rows[0].Length);

    internal static float[] Values(Tensor tensor)
    {
        var values = new float[tensor.numel()];
        Inference.CopyTo(tensor, values);
        return values;
    }

    internal static void AssertEqual(double[] expected, float[] actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    internal static void AssertEqual(double[] expected, double[] actual, double tolerance = 1e-5) =>
        AssertEqual(expected, Array.ConvertAll(actual, value => (float)value), tolerance);

    /// <summary>Rows of independent normal numbers.</summary>
    internal static float[][] Normal(int rows, int columns, double mean, double deviation, Random random) =>
        [
            .. Enumerable
                .Range(0, rows)
                .Select(_ =>
                    Enumerable
                        .Range(0, columns)
                        .Select(_ =>
                            (float)(
                                mean
                                + deviation
                                    * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                                    * Math.Cos(2 * Math.PI * random.NextDouble())
                            )
                        )
                        .ToArray()
                ),
        ];

    internal static double Deviation(IEnumerable<double> values)
    {
        double[] all = [.. values];
        var mean = all.Average();
        return Math.Sqrt(all.Average(value => (value - mean) * (value - mean)));
    }
}
