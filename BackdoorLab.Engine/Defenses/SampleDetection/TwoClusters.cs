using BackdoorLab.Engine.Statistics;
using BackdoorLab.Engine.Tensors;

namespace BackdoorLab.Engine.Defenses;

/// <summary>One class's features, reduced and split in two.</summary>
internal sealed class TwoClusters
{
    private readonly bool[] _inSmaller;
    private readonly double[] _places;

    private TwoClusters(
        GivenClass given,
        float[] principal,
        int columns,
        bool[] inSmaller,
        double[] places,
        double silhouette
    )
    {
        (Given, Principal, Columns, _inSmaller, _places, Silhouette) = (
            given,
            principal,
            columns,
            inSmaller,
            places,
            silhouette
        );
        SmallerShare = (double)inSmaller.Count(inside => inside) / inSmaller.Length;
    }

    /// <summary>The class.</summary>
    internal GivenClass Given { get; }

    /// <summary>Principal components of the features [members, <see cref="Columns"/>], for drawing.</summary>
    internal float[] Principal { get; }

    /// <summary>Dimensions of <see cref="Principal"/>.</summary>
    internal int Columns { get; }

    /// <summary>Share of the class in the smaller cluster; 0 when all samples are alike.</summary>
    internal double SmallerShare { get; }

    /// <summary>Mean silhouette of the two clusters.</summary>
    internal double Silhouette { get; }

    internal static TwoClusters Of(
        GivenClass given,
        FeatureReduction reduction,
        int dimensions,
        int restarts,
        int silhouetteSamples,
        Random random
    )
    {
        var width = given.Features.Length / given.Members.Length;
        var columns = Math.Min(dimensions, width);
        var components = PrincipalComponents.Fit(given.Features, width, columns);
        var principal = components.Project(given.Features);
        var coordinates =
            reduction == FeatureReduction.PrincipalComponents
                ? principal
                : IndependentComponents.Of(Whiten(principal, components.Variances), columns, random);
        var clusters = KMeans.Fit(coordinates, columns, 2, random, restarts);
        var second = clusters.Assignments.Count(cluster => cluster == 1);
        var smaller = second * 2 <= clusters.Assignments.Length ? 1 : 0;
        var places = new double[clusters.Assignments.Length];
        for (var i = 0; i < places.Length; i++)
        {
            var own = Distance(coordinates, i, clusters.Centers, smaller, columns);
            var other = Distance(coordinates, i, clusters.Centers, 1 - smaller, columns);
            places[i] = own + other > 0 ? other / (own + other) : 0.5;
        }

        return new TwoClusters(
            given,
            principal,
            columns,
            Array.ConvertAll(clusters.Assignments, cluster => cluster == smaller),
            places,
            Statistics.Silhouette.Score(coordinates, columns, clusters.Assignments, silhouetteSamples, random)
        );
    }

    /// <summary>Writes the members' scores and, in a contaminated class, flags the smaller cluster.</summary>
    internal void Write(double[] scores, bool[] flagged, bool contaminated)
    {
        for (var i = 0; i < _places.Length; i++)
        {
            scores[Given.Members[i]] = _places[i] * (1 - SmallerShare);
            flagged[Given.Members[i]] = contaminated && _inSmaller[i];
        }
    }

    // Directions without variance stay at zero: nothing can be learnt from them.
    private static float[] Whiten(float[] principal, double[] variances)
    {
        var whitened = new float[principal.Length];
        var smallest = 1e-9 * variances[0];
        for (var i = 0; i < whitened.Length; i++)
        {
            var variance = variances[i % variances.Length];
            whitened[i] = variance > smallest ? (float)(principal[i] / Math.Sqrt(variance)) : 0;
        }

        return whitened;
    }

    private static double Distance(float[] points, int point, float[] centers, int center, int columns)
    {
        var sum = 0.0;
        for (var d = 0; d < columns; d++)
        {
            var difference = (double)points[point * columns + d] - centers[center * columns + d];
            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }
}
