using BackdoorLab.Engine.Statistics;

namespace BackdoorLab.Engine.Defenses;

/// <summary>A given class that <see cref="Scan"/> has tested.</summary>
internal sealed class ScannedClass
{
    private readonly double[] _points;
    private readonly bool[] _suspicious;
    private readonly double[] _from;
    private readonly double[] _to;

    /// <summary>Takes one of the two groups for poison.</summary>
    /// <param name="given">The class.</param>
    /// <param name="points">Its whitened points.</param>
    /// <param name="test">The test of them.</param>
    /// <param name="clean">Mean of the class's clean images, whitened; null where there are none.</param>
    internal ScannedClass(GivenClass given, double[] points, SubgroupTest test, double[]? clean)
    {
        (Given, _points, Statistic, HasClean) = (given, points, test.Statistic, clean is not null);
        var second = clean is null
            ? test.InSecond.Count(inside => inside) * 2 <= test.InSecond.Length
            : TwoMeans.SquaredDistance(test.Second, clean) > TwoMeans.SquaredDistance(test.First, clean);
        _suspicious = Array.ConvertAll(test.InSecond, inside => inside == second);
        (_from, _to) = second ? (test.First, test.Second) : (test.Second, test.First);
        SuspiciousShare = (double)_suspicious.Count(inside => inside) / _suspicious.Length;
    }

    /// <summary>The class.</summary>
    internal GivenClass Given { get; }

    /// <summary>The statistic of its test.</summary>
    internal double Statistic { get; }

    /// <summary>Whether clean images say which group is poison.</summary>
    internal bool HasClean { get; }

    /// <summary>Share of the class in the group taken for poison.</summary>
    internal double SuspiciousShare { get; }

    /// <summary>Writes the members' scores and, in a contaminated class, flags the suspicious group.</summary>
    internal void Write(double[] scores, bool[] flagged, bool contaminated)
    {
        for (var i = 0; i < _suspicious.Length; i++)
        {
            var (from, to) = (Math.Sqrt(Distance(i, _from)), Math.Sqrt(Distance(i, _to)));
            scores[Given.Members[i]] = Math.Max(0, Statistic) * (from + to > 0 ? from / (from + to) : 0.5);
            flagged[Given.Members[i]] = contaminated && _suspicious[i];
        }
    }

    /// <summary>
    /// A plane over a set of <paramref name="count"/> samples: where a member lies on the line from one group's mean to
    /// the other's, and how far from that line. NaN elsewhere.
    /// </summary>
    internal (float X, float Y)[] Plane(int count)
    {
        var length = Math.Sqrt(TwoMeans.SquaredDistance(_from, _to));
        var coordinates = new float[2 * Given.Members.Length];
        for (var i = 0; i < Given.Members.Length; i++)
        {
            var square = Distance(i, _from);
            var along = length > 0 ? (square - Distance(i, _to) + length * length) / (2 * length) : 0;
            coordinates[2 * i] = (float)along;
            coordinates[2 * i + 1] = (float)Math.Sqrt(Math.Max(0, square - along * along));
        }

        return Given.Plane(coordinates, 2, count);
    }

    private double Distance(int member, double[] to) =>
        TwoMeans.SquaredDistance(_points.AsSpan(member * to.Length, to.Length), to);
}
