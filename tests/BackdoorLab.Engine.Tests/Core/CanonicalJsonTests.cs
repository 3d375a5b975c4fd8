using System.Globalization;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class CanonicalJsonTests
{
    [Fact]
    public void Of_MembersInAnyOrder_SortsThemByCodeUnitAtEveryDepth()
    {
        const string expected = """{"B":1,"a":{"x":null,"y":[{"p":true,"q":"\u00E9"},2]},"a2":[],"b":{}}""";

        Assert.Equal(
            expected,
            Text("""{ "b": {}, "a": { "y": [ { "q": "é", "p": true }, 2 ], "x": null }, "a2": [], "B": 1 }""")
        );
        Assert.Equal(expected, Text("""{"B":1,"a2":[],"a":{"x":null,"y":[{"p":true,"q":"é"},2]},"b":{}}"""));
    }

    [Fact]
    public void Of_ItemsOfAnArray_KeepTheirOrder() => Assert.NotEqual(Text("[1,2]"), Text("[2,1]"));

    [Theory]
    [InlineData("1", "1")]
    [InlineData("1.0", "1")]
    [InlineData("1e0", "1")]
    [InlineData("-0.0", "0")]
    [InlineData("0.10", "0.1")]
    [InlineData("1E-1", "0.1")]
    [InlineData("1e-7", "1E-07")]
    [InlineData("9007199254740993", "9007199254740993")]
    public void Of_Numbers_HasOneSpelling(string given, string expected) => Assert.Equal(expected, Text(given));

    [Fact]
    public void Of_NumbersUnderAnotherCulture_IsTheSame()
    {
        var former = CultureInfo.CurrentCulture;
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (
                commas.NumberFormat.NumberDecimalSeparator,
                commas.NumberFormat.NumberGroupSeparator,
                commas.NumberFormat.NegativeSign
            ) = (",", ".", "~");
            CultureInfo.CurrentCulture = commas;
            Assert.Equal("[-0.5,1234567,-2]", Text("[-0.5,1234567.0,-2]"));
            Assert.Equal("0.25", CanonicalJson.Of(JsonValue.Create(0.25)));
        }
        finally
        {
            CultureInfo.CurrentCulture = former;
        }
    }

    private static string Text(string json) => CanonicalJson.Of(JsonNode.Parse(json));
}
