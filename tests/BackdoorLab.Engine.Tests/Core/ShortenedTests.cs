using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Core;

/// <summary>What strangers wrote, inside messages.</summary>
public sealed class ShortenedTests
{
    [Theory]
    [InlineData("conv1.bias", "conv1.bias")]
    [InlineData("a\nb\u202ec\0", "abc")]
    [InlineData("12345678901", "1234567890… (11 characters)")]
    public void Text_OfAnyone_IsShortAndSeen(string text, string shown) =>
        Assert.Equal(shown, Shortened.Text(text, 10));

    [Fact]
    public void List_OfMany_SaysHowManyMore() =>
        Assert.Equal("1, 2, 3 and 19996 more", Shortened.List([.. Enumerable.Range(1, 19_999).Select(i => $"{i}")]));
}
