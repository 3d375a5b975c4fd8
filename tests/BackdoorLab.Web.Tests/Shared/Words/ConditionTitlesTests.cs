using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Tests.Shared.Words;

public sealed class ConditionTitlesTests
{
    [Fact]
    public void Titles_SayWhatDiffersAndNothingElse() =>
        Assert.Equal(
            [
                "10 classes, width 8, 2 epochs, no flip",
                "43 classes, width 8, 6 epochs, flip",
                "43 classes, width 1, 1 epoch, flip",
            ],
            Of(
                """{"data":{"classes":10,"source":"a"},"model":{"width":8},"training":{"epochs":2,"flip":false},"cleanHoldout":10}""",
                """{"data":{"classes":43,"source":"b"},"model":{"width":8},"training":{"epochs":6,"flip":true},"cleanHoldout":10}""",
                """{"data":{"classes":43,"source":"b"},"model":{"width":1},"training":{"epochs":1,"flip":true},"cleanHoldout":10}"""
            )
        );

    [Fact]
    public void Titles_OfDataThatDiffersInContentAlone_NameIt() =>
        Assert.Equal(
            ["data abcdef", "data fedcba", "data not recorded"],
            Of(
                    """{"data":{"classes":4,"source":"abcdef123"}}""",
                    """{"data":{"classes":4,"source":"fedcba321"}}""",
                    "{}"
                )
                .Select(title => title.Replace("4 classes, ", "", StringComparison.Ordinal))
        );

    [Fact]
    public void Titles_OfEqualConditions_AreEmpty() => Assert.Equal(["", ""], Of("""{"a":1}""", """{"a":1}"""));

    [Fact]
    public void Titles_OfDifferentAttacks_DoNotRepeatWhatTheLabelSays()
    {
        const string BadNets = """{"attack":{"id":"badnets","size":3},"training":{"epochs":2}}""";
        const string Larger = """{"attack":{"id":"badnets","size":5},"training":{"epochs":2}}""";
        const string Blended = """{"attack":{"id":"blended","alpha":0.2},"training":{"epochs":2}}""";

        Assert.Equal(["", ""], ConditionTitles.Of([new("badnets", BadNets), new("blended", Blended)]));
        Assert.Equal(
            ["size 3", "size 5", ""],
            ConditionTitles.Of([new("badnets", BadNets), new("badnets", Larger), new("blended", Blended)])
        );
    }

    [Fact]
    public void NaturalOrder_PutsNumbersBySize() =>
        Assert.Equal(
            ["2 epochs", "6 epochs", "10 epochs", "10 epochs, width 8"],
            new[] { "10 epochs, width 8", "10 epochs", "6 epochs", "2 epochs" }.Order(NaturalOrder.Instance)
        );

    private static IReadOnlyList<string> Of(params string[] conditions) =>
        ConditionTitles.Of([.. conditions.Select(json => new ConditionOf("badnets", json))]);
}
