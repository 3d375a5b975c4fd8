using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Defenses;

/// <summary>Parts of the defender's clean images.</summary>
internal static class HoldoutSample
{
    /// <summary>At most <paramref name="limit"/> images (0: all), in random order.</summary>
    /// <exception cref="NotApplicableException">There are none.</exception>
    internal static ImageSet Take(ImageSet holdout, int limit, SeedTree seeds)
    {
        var order = Shuffled(holdout, seeds);
        return holdout.Select(order.AsSpan(0, limit == 0 ? order.Length : Math.Min(limit, order.Length)));
    }

    /// <summary>
    /// Two disjoint parts; the second has <paramref name="share"/> of the images, and each at least one.
    /// </summary>
    /// <exception cref="NotApplicableException">There are fewer than two.</exception>
    internal static (ImageSet First, ImageSet Second) Split(ImageSet holdout, double share, SeedTree seeds)
    {
        var order = Shuffled(holdout, seeds);
        if (order.Length < 2)
        {
            throw new NotApplicableException("The clean holdout has fewer than two images.");
        }

        var second = Math.Clamp((int)Math.Round(share * order.Length), 1, order.Length - 1);
        return (holdout.Select(order.AsSpan(second)), holdout.Select(order.AsSpan(0, second)));
    }

    /// <summary>The first images, at most <paramref name="limit"/>.</summary>
    /// <exception cref="NotApplicableException">There are none.</exception>
    internal static ImageSet First(ImageSet holdout, int limit)
    {
        RequireImages(holdout);
        return holdout.Select([.. Enumerable.Range(0, Math.Min(limit, holdout.Count))]);
    }

    private static int[] Shuffled(ImageSet holdout, SeedTree seeds)
    {
        RequireImages(holdout);
        var order = Enumerable.Range(0, holdout.Count).ToArray();
        seeds.Random().Shuffle(order);
        return order;
    }

    private static void RequireImages(ImageSet holdout)
    {
        if (holdout.Count == 0)
        {
            throw new NotApplicableException("The clean holdout is empty.");
        }
    }
}
