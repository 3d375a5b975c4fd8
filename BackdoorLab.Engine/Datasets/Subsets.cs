using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>Chooses parts of a set with the same share of every class, keeping groups (tracks) whole.</summary>
public static class Subsets
{
    /// <summary>
    /// Splits a set into <paramref name="count"/> chosen images and the rest, the same share of every class: each class
    /// gives <c>count * n(class) / n</c> images, rounded by largest remainder so that the total is exact. Where the set
    /// has <see cref="ImageSet.Groups"/>, whole groups are chosen instead and the total is as near as they allow; a
    /// class whose share is at least one image then gives at least one group.
    /// </summary>
    /// <param name="set">The set to split.</param>
    /// <param name="count">Images to choose, 0..<see cref="ImageSet.Count"/>.</param>
    /// <param name="random">Decides which.</param>
    /// <returns>Indices of the chosen and of the other images, each ascending; together every index once.</returns>
    public static (int[] Chosen, int[] Others) Stratified(ImageSet set, int count, Random random) =>
        Stratified(set.Labels, set.Groups, set.Classes, count, random);

    /// <summary>The same for labels whose images are not in memory yet.</summary>
    internal static (int[] Chosen, int[] Others) Stratified(
        int[] labels,
        int[]? groups,
        int classes,
        int count,
        Random random
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, labels.Length);
        var members = new List<int>[classes];
        for (var label = 0; label < classes; label++)
        {
            members[label] = [];
        }

        for (var i = 0; i < labels.Length; i++)
        {
            members[labels[i]].Add(i);
        }

        var shares = Shares([.. members.Select(list => list.Count)], count);
        var taken = new bool[labels.Length];
        if (groups is null || count == labels.Length)
        {
            TakeImages(members, shares, random, taken);
        }
        else
        {
            TakeGroups(members, groups, shares, random, taken);
        }

        var chosen = Enumerable.Range(0, labels.Length).Where(i => taken[i]).ToArray();
        var rest = Enumerable.Range(0, labels.Length).Where(i => !taken[i]).ToArray();
        return (chosen, rest);
    }

    /// <summary>
    /// Largest-remainder rounding of <c>count * sizes[i] / sum(sizes)</c>; ties go to the smaller index.
    /// </summary>
    internal static int[] Shares(int[] sizes, int count)
    {
        var total = sizes.Sum(size => (long)size);
        if (total == 0)
        {
            return new int[sizes.Length];
        }

        var shares = sizes.Select(size => (int)((long)size * count / total)).ToArray();
        var order = Enumerable
            .Range(0, sizes.Length)
            .OrderByDescending(i => (long)sizes[i] * count % total)
            .ThenBy(i => i);
        foreach (var i in order.Take(count - shares.Sum()))
        {
            shares[i]++;
        }

        return shares;
    }

    /// <summary>Applies the limits of a source to its full splits and adds the remarks that say so.</summary>
    internal static DatasetSplits Limit(DatasetSource source, DatasetSplits full, SeedTree seeds)
    {
        var remarks = new List<string>(full.Remarks);
        var train = Limit(full.Train, source.TrainLimit, seeds.Child("subset-train"), "training", remarks);
        var test = Limit(full.Test, source.TestLimit, seeds.Child("subset-test"), "test", remarks);
        var drawn = !ReferenceEquals(train, full.Train) || !ReferenceEquals(test, full.Test);
        return full with
        {
            Train = train,
            Test = test,
            Remarks = remarks,
            DrawnFrom = drawn ? DataFingerprint.Of(full.Train) + DataFingerprint.Of(full.Test) : "",
        };
    }

    /// <summary>Indices a limit keeps, or null for all; adds the remark.</summary>
    internal static int[]? Limit(
        int[] labels,
        int[]? groups,
        int classes,
        int limit,
        SeedTree seeds,
        string split,
        List<string> remarks
    )
    {
        if (limit <= 0 || limit >= labels.Length)
        {
            return null;
        }

        var (chosen, _) = Stratified(labels, groups, classes, limit, seeds.Random());
        var whole = groups is null ? "" : ", whole tracks";
        remarks.Add(
            $"subset: {DataFile.Number(chosen.Length)} of {DataFile.Number(labels.Length)} {split} images{whole}"
        );
        return chosen;
    }

    private static ImageSet Limit(ImageSet set, int limit, SeedTree seeds, string split, List<string> remarks) =>
        Limit(set.Labels, set.Groups, set.Classes, limit, seeds, split, remarks) is { } chosen
            ? set.Select(chosen)
            : set;

    private static void TakeImages(List<int>[] members, int[] shares, Random random, bool[] taken)
    {
        for (var label = 0; label < members.Length; label++)
        {
            var list = members[label];
            for (var i = 0; i < shares[label]; i++)
            {
                var other = random.Next(i, list.Count);
                (list[i], list[other]) = (list[other], list[i]);
                taken[list[i]] = true;
            }
        }
    }

    private static void TakeGroups(List<int>[] members, int[] groups, int[] shares, Random random, bool[] taken)
    {
        // What one class takes too much or too little, the next classes make up for, so the total stays near.
        var owed = 0;
        for (var label = 0; label < members.Length; label++)
        {
            owed += shares[label];
            var whole = members[label]
                .GroupBy(i => groups[i])
                .OrderBy(group => group.Key)
                .Select(group => group.ToArray())
                .ToArray();
            random.Shuffle(whole);
            for (var i = 0; i < whole.Length; i++)
            {
                var first = i == 0 && shares[label] > 0;
                if (!first && whole[i].Length > 2 * owed)
                {
                    break;
                }

                owed -= whole[i].Length;
                foreach (var index in whole[i])
                {
                    taken[index] = true;
                }
            }
        }
    }
}
