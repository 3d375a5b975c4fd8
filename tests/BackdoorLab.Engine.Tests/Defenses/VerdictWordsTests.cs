using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Tests.Defenses;

public sealed class VerdictWordsTests
{
    [Fact]
    public void Sentence_OfManyClasses_IsCutWithTheCount()
    {
        var verdict = Verdict.Of(true) with
        {
            Classes = [.. Enumerable.Range(0, 43).Select(label => new NamedClass(label, ""))],
        };

        Assert.Equal(
            "Flagged: label 0, label 1, label 2, label 3, label 4 and 38 more.",
            VerdictWords.Sentence(verdict)
        );
    }

    [Theory]
    [InlineData(Decision.Flagged, "flagged", "Flagged.")]
    [InlineData(Decision.NotFlagged, "not flagged", "Not flagged.")]
    [InlineData(Decision.NotDecidable, "not decidable", "Not decidable.")]
    public void Words_OfAnAnswerWithoutClasses(Decision decision, string word, string sentence)
    {
        Assert.Equal(word, VerdictWords.Of(decision));
        Assert.Equal(sentence, VerdictWords.Sentence(new() { Decision = decision }));
    }

    [Fact]
    public void Sentence_OfLowAccuracy_NamesBothNumbers() =>
        Assert.StartsWith(
            "Not decidable: the model is right on 40.9 % of clean images only (at least 50 % are asked for), so the data set, the order of its classes",
            VerdictWords.Sentence(CheckedModel.Doubt(0.409)!),
            StringComparison.Ordinal
        );

    [Fact]
    public void Sentence_OfEveryReason_IsItsOwn() =>
        Assert.Equal(
            Enum.GetValues<UndecidedReason>().Length,
            Enum.GetValues<UndecidedReason>()
                .Select(reason => VerdictWords.Sentence(Verdict.NotDecidable(reason)))
                .Distinct()
                .Count()
        );

    [Fact]
    public void Json_OfAVerdict_IsFactsInKebabCaseAndComesBack()
    {
        var verdict = Verdict.NotDecidable(UndecidedReason.NormCeiling, ("index-ceiling", 1.25)) with
        {
            Classes = [new(2, "go")],
        };

        var json = JsonSerializer.Serialize(verdict, SpecJson.Options);

        Assert.Equal(
            """{"decision":"not-decidable","reason":"norm-ceiling","figures":{"index-ceiling":1.25},"classes":[{"label":2,"name":"go"}]}""",
            json
        );
        Assert.Equal(
            json,
            JsonSerializer.Serialize(JsonSerializer.Deserialize<Verdict>(json, SpecJson.Options), SpecJson.Options)
        );
    }
}
