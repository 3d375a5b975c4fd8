using BackdoorLab.Engine.Attacks;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>The evaluation rule on triggered images.</summary>
public static class TriggeredSets
{
    /// <summary>
    /// Positions that count for attack success and robust accuracy: the true label is not already the intended one.
    /// </summary>
    public static IEnumerable<int> EligibleIndices(this TriggeredSet set) =>
        Enumerable.Range(0, set.TrueLabels.Length).Where(i => set.TrueLabels[i] != set.IntendedLabels[i]);

    /// <summary>The triggered images at <paramref name="indices"/>, in that order.</summary>
    public static TriggeredSet Select(this TriggeredSet set, int[] indices) =>
        new(
            set.Images.Select(indices),
            [.. indices.Select(i => set.TrueLabels[i])],
            [.. indices.Select(i => set.IntendedLabels[i])]
        );
}
