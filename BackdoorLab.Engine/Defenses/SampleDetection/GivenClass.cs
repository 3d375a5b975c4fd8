using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Defenses;

/// <summary>The training samples that carry one label, as received.</summary>
/// <param name="Label">The given label.</param>
/// <param name="Members">Their positions in the training set.</param>
/// <param name="Features">Their features [members, dimensions], row-major.</param>
internal sealed record GivenClass(int Label, int[] Members, float[] Features)
{
    /// <summary>All labels with at least <paramref name="minimum"/> samples.</summary>
    /// <exception cref="NotApplicableException">There is none.</exception>
    internal static IEnumerable<GivenClass> Of(ImageSet set, float[] features, int minimum)
    {
        var any = false;
        var dimensions = set.Count == 0 ? 0 : features.Length / set.Count;
        for (var label = 0; label < set.Classes; label++)
        {
            int[] members = [.. Enumerable.Range(0, set.Count).Where(index => set.Labels[index] == label)];
            if (members.Length < minimum)
            {
                continue;
            }

            var rows = new float[members.Length * dimensions];
            for (var i = 0; i < members.Length; i++)
            {
                features.AsSpan(members[i] * dimensions, dimensions).CopyTo(rows.AsSpan(i * dimensions));
            }

            any = true;
            yield return new GivenClass(label, members, rows);
        }

        if (!any)
        {
            throw new NotApplicableException($"No class has {minimum} training samples.");
        }
    }

    /// <summary>
    /// Spreads the first two of <paramref name="columns"/> coordinates of the members over a set of
    /// <paramref name="count"/> samples; NaN elsewhere.
    /// </summary>
    internal (float X, float Y)[] Plane(float[] coordinates, int columns, int count)
    {
        var plane = new (float X, float Y)[count];
        Array.Fill(plane, (float.NaN, float.NaN));
        for (var i = 0; i < Members.Length; i++)
        {
            plane[Members[i]] = (coordinates[i * columns], columns > 1 ? coordinates[i * columns + 1] : 0);
        }

        return plane;
    }
}
