using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class SeedTreeTests
{
    [Fact]
    public void Child_SamePath_DrawsTheSameNumbers() =>
        Assert.Equal(
            new SeedTree(1).Child("train").Child(3).Random().Next(),
            new SeedTree(1).Child("train").Child(3).Random().Next()
        );

    [Fact]
    public void Child_OtherNameIndexOrRoot_DrawsOthers()
    {
        long[] seeds =
        [
            new SeedTree(1).Seed,
            new SeedTree(2).Seed,
            new SeedTree(1).Child("a").Seed,
            new SeedTree(1).Child("b").Seed,
            new SeedTree(1).Child(0).Seed,
            new SeedTree(1).Child(1).Seed,
            new SeedTree(1).Child("a").Child("b").Seed,
        ];
        Assert.Equal(seeds.Length, seeds.Distinct().Count());
        Assert.All(seeds, seed => Assert.True(seed >= 0));
    }
}
