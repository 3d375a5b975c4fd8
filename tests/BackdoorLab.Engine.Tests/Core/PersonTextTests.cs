using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class PersonTextTests
{
    private static readonly PersonText Name = new("name", 10);
    private static readonly PersonText Text = new("note", 10, Lines: true);

    [Theory]
    [InlineData("  a\tb \n", "a b")]
    [InlineData("e\u0301", "é")]
    [InlineData("0123456789", "0123456789")]
    [InlineData("👩‍🔬", "👩‍🔬")]
    [InlineData(null, "")]
    public void Take_OfALine_IsTrimmedAndComposed(string? given, string taken) => Assert.Equal(taken, Name.Take(given));

    [Theory]
    [InlineData("01234567890", "10 characters; found 11")]
    [InlineData("a\0b", "U+0000")]
    [InlineData("a\u001Bb", "U+001B")]
    [InlineData("a\u202Eb", "U+202E")]
    [InlineData("a\u2066b", "U+2066")]
    [InlineData("a\uFEFFb", "U+FEFF")]
    public void Take_OfWhatNoNameHolds_IsRefusedWithFieldAndCharacter(string given, string words)
    {
        var refused = Assert.Throws<PersonTextException>(() => Name.Take(given));
        Assert.StartsWith("The name ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Equal("name", refused.Fault.Path);
    }

    // Not as arguments of a theory: halves of pairs do not survive there.
    [Fact]
    public void HalvesOfPairs_AreRefusedOrReplaced()
    {
        Assert.Contains("U+D800", Name.Read("a\uD800b").Fault, StringComparison.Ordinal);
        Assert.Contains("U+DC00", Name.Read("\uDC00").Fault, StringComparison.Ordinal);
        Assert.Equal("x\uFFFD", Name.Fit("x\uD83D"));
    }

    [Fact]
    public void Take_OfAMegabyte_IsRefusedInAFewWords() =>
        Assert.InRange(
            Assert.Throws<PersonTextException>(() => Name.Take(new string('x', 900_000))).Message.Length,
            10,
            100
        );

    [Fact]
    public void Take_OfLines_KeepsThemInOneForm()
    {
        Assert.Equal("a\n\tb", Text.Take("a\r\n\tb\r\n"));
        Assert.Throws<PersonTextException>(() => Text.Take("a\0"));
    }

    [Theory]
    [InlineData("a\0b\u202Ec", "a\uFFFDb\uFFFDc")]
    [InlineData("0123456789abc", "012345678…")]
    [InlineData("12345678😀9", "12345678…")]
    [InlineData(" e\u0301 ", "é")]
    public void Fit_OfANameThatNobodyTyped_IsMadeFit(string given, string fit)
    {
        Assert.Equal(fit, Name.Fit(given));
        Assert.Equal(fit, Name.Take(fit));
    }

    // UAX 15: a letter with marks, marks in another order, a singleton, Hangul, an excluded composition, a blocked
    // mark.
    [Theory]
    [InlineData("A\u030A", "\u00C5")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("s\u0307\u0323", "\u1E69")]
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD55C", "\uD55C")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("a\u0315\u0300", "\u00E0\u0315")]
    [InlineData("\u09C7\u09BE", "\u09CB")]
    [InlineData("a\u0302\u0302", "\u00E2\u0302")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    public void ComposedText_IsTheStandardsComposedForm(string given, string composed)
    {
        Assert.Equal(composed, ComposedText.Of(given));
        Assert.Equal(composed, ComposedText.Of(composed));
    }
}
