using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

public sealed class SubsetsTests
{
    [Theory]
    [InlineData(new[] { 50, 30, 20 }, 10, new[] { 5, 3, 2 })]
    [InlineData(new[] { 1, 1, 1 }, 2, new[] { 1, 1, 0 })]
    [InlineData(new[] { 7, 2, 1 }, 5, new[] { 4, 1, 0 })]
    [InlineData(new[] { 7, 2, 1 }, 6, new[] { 4, 1, 1 })]
    [InlineData(new[] { 10, 0, 5 }, 15, new[] { 10, 0, 5 })]
    [InlineData(new[] { 10, 0, 5 }, 0, new[] { 0, 0, 0 })]
    public void Shares_LargestRemainder_IsExact(int[] sizes, int count, int[] expected) =>
        Assert.Equal(expected, Subsets.Shares(sizes, count));

    [Fact]
    public void Stratified_ReturnsEveryIndexOnceAndTheSharesOfTheClasses()
    {
        var labels = Enumerable
            .Range(0, 100)
            .Select(i =>
                i < 60 ? 0
                : i < 90 ? 1
                : 2
            )
            .ToArray();

        var (chosen, others) = Subsets.Stratified(Set(labels, null), 20, TempRoot.Seeds.Random());

        Assert.Equal([12, 6, 2], Enumerable.Range(0, 3).Select(label => chosen.Count(i => labels[i] == label)));
        Assert.Equal(Enumerable.Range(0, 100), chosen.Concat(others).Order());
        Assert.Equal(chosen.Order(), chosen);
    }

    [Fact]
    public void Stratified_SameSeed_SameChoice_OtherSeed_Other()
    {
        var set = Set([.. Enumerable.Range(0, 200).Select(i => i % 3)], null);

        var first = Subsets.Stratified(set, 50, TempRoot.Seeds.Random()).Chosen;

        Assert.Equal(first, Subsets.Stratified(set, 50, TempRoot.Seeds.Random()).Chosen);
        Assert.NotEqual(first, Subsets.Stratified(set, 50, TempRoot.Seeds.Child("other").Random()).Chosen);
    }

    [Fact]
    public void Stratified_Groups_AreNeverSplit()
    {
        // Two classes, groups of four; a class of a single group must not vanish.
        var labels = Enumerable.Range(0, 84).Select(i => i < 80 ? 0 : 1).ToArray();
        var groups = Enumerable.Range(0, 84).Select(i => i / 4).ToArray();

        var (chosen, others) = Subsets.Stratified(Set(labels, groups), 21, TempRoot.Seeds.Random());

        Assert.Empty(chosen.Select(i => groups[i]).Intersect(others.Select(i => groups[i])));
        Assert.Equal(20, chosen.Count(i => labels[i] == 0));
        Assert.Equal(4, chosen.Count(i => labels[i] == 1));
    }

    [Fact]
    public void Stratified_Everything_LeavesNothing()
    {
        var (chosen, others) = Subsets.Stratified(Set([0, 1, 1], [0, 1, 1]), 3, TempRoot.Seeds.Random());

        Assert.Equal([0, 1, 2], chosen);
        Assert.Empty(others);
    }

    [Fact]
    public void Stratified_MoreThanThereAre_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Subsets.Stratified(Set([0, 1], null), 3, TempRoot.Seeds.Random())
        );

    private static ImageSet Set(int[] labels, int[]? groups) =>
        new(
            new byte[labels.Length],
            labels,
            1,
            1,
            1,
            [.. Enumerable.Range(0, labels.Max() + 1).Select(label => $"{label}")]
        )
        {
            Groups = groups,
        };
}
