namespace BackdoorLab.Engine.Federated;

/// <summary>Densities of a first mask, one for each parameter tensor.</summary>
public static class MaskDensities
{
    /// <summary>
    /// Erdős-Rényi kernel: the density of a tensor is proportional to the sum of its dimensions over its number of
    /// coordinates, such that
    /// <paramref name="density"/> of all coordinates are in the mask; tensors that would exceed one are dense and the
    /// others share the rest (Evci et al., "Rigging the Lottery", ICML 2020).
    /// </summary>
    /// <param name="shapes">Shapes of the tensors.</param>
    /// <param name="density">Share of all coordinates, above 0, at most 1.</param>
    public static double[] Erk(IReadOnlyList<long[]> shapes, double density)
    {
        double[] sizes = [.. shapes.Select(shape => (double)shape.Aggregate(1L, (product, side) => product * side))];
        double[] raw = [.. shapes.Select((shape, i) => shape.Sum() / sizes[i])];
        var dense = new bool[shapes.Count];
        while (true)
        {
            var (room, scores, largest) = (0.0, 0.0, 0.0);
            for (var i = 0; i < sizes.Length; i++)
            {
                room += dense[i] ? -(1 - density) * sizes[i] : density * sizes[i];
                scores += dense[i] ? 0 : raw[i] * sizes[i];
                largest = dense[i] ? largest : Math.Max(largest, raw[i]);
            }

            var scale = scores > 0 ? room / scores : 0;
            if (scale * largest <= 1)
            {
                return [.. raw.Select((score, i) => dense[i] ? 1 : Math.Max(0, scale * score))];
            }

            for (var i = 0; i < sizes.Length; i++)
            {
                dense[i] |= raw[i] == largest;
            }
        }
    }

    /// <summary>The same density for every tensor.</summary>
    public static double[] Uniform(int tensors, double density) => [.. Enumerable.Repeat(density, tensors)];
}
