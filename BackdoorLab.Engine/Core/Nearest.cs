namespace BackdoorLab.Engine.Core;

/// <summary>Finds the known name a person most likely meant.</summary>
public static class Nearest
{
    // Longer ones are no misspelling of anything, and the distance costs the product of the lengths.
    private const int LongestName = 100;

    /// <summary>
    /// The candidate with the smallest edit distance to <paramref name="name"/>; the first of equals; empty when there
    /// are none.
    /// </summary>
    public static string To(string name, IEnumerable<string> candidates)
    {
        var wanted = Shortened.Of(name, LongestName).ToUpperInvariant();
        return candidates.MinBy(candidate => Distance(wanted, candidate.ToUpperInvariant())) ?? "";
    }

    /// <summary>Levenshtein distance: the fewest insertions, deletions and replacements.</summary>
    public static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
