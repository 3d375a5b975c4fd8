using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Engine.Tests.Experiments;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class StrictJsonTests
{
    [Theory]
    [InlineData("""{"seed":1,"seed":2}""", "seed")]
    [InlineData("""{"a":{"b":[{"c":1},{"c":1,"c":1}]}}""", "a.b[1].c")]
    [InlineData("""[[1,{"x":{},"x":[]}]]""", "[0][1].x")]
    [InlineData("""{"\u0061":1,"a":2}""", "a")]
    [InlineData("""{"a":1e999}""", "a")]
    [InlineData("""{"a":["\ud800"]}""", "a[0]")]
    [InlineData("""{"\ud800":1}""", "?")]
    [InlineData("""{"a":NaN}""", "(document)")]
    [InlineData("""{"a":1}}""", "(document)")]
    [InlineData("", "(document)")]
    public void Parse_OfWhatNoDocumentIs_IsOneFaultWithItsPath(string json, string path) =>
        Assert.Equal(path, Assert.Single(Faults(json)).Path);

    [Fact]
    public void Parse_MembersThatDifferInCase_AreOneOnlyWhereCaseIsIgnored()
    {
        Assert.NotNull(StrictJson.Parse("""{"a":1,"A":2}"""));
        Assert.Equal(
            "A",
            Assert
                .Single(
                    Assert.Throws<SpecException>(() => StrictJson.Parse("""{"a":1,"A":2}""", ignoreCase: true)).Faults
                )
                .Path
        );
    }

    [Fact]
    public void Parse_OfADeepDocument_IsAFault() =>
        Assert.Equal("(document)", Assert.Single(Faults(new string('[', 5000) + new string(']', 5000))).Path);

    [Fact]
    public void Parse_CommentsTrailingCommasAndEqualNamesInOtherObjects_AreAllowed() =>
        Assert.Equal(2, StrictJson.Parse("""{"a":{"x":1}, /* once more */ "b":{"x":1,},}""")!.AsObject().Count);

    [Fact]
    public void Text_MarkBefore_IsDroppedAndOtherEncodingsAreNamed()
    {
        Assert.Equal("{}", StrictJson.Text([0xEF, 0xBB, 0xBF, (byte)'{', (byte)'}']));
        Assert.Contains(
            "UTF-16",
            Assert.Throws<SpecException>(() => StrictJson.Text(Encoding.Unicode.GetPreamble())).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "byte 1",
            Assert.Throws<SpecException>(() => StrictJson.Text([(byte)'"', 0xC3, (byte)'"'])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void ReadFile_LargerThanADocumentMayBe_IsAFault()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, new string(' ', StrictJson.MostBytes + 1));
            Assert.Contains(
                "1048576 bytes",
                Assert.Throws<SpecException>(() => StrictJson.ReadFile(file)).Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void SpecAndStudy_MemberTwice_NameTheMember()
    {
        var spec = SpecJson
            .Write(TinyRun.Spec)
            .Replace("\"cleanHoldout\"", "\"cleanHoldout\": 1, \"cleanHoldout\"", StringComparison.Ordinal);
        Assert.Equal(
            "cleanHoldout",
            Assert.Single(Assert.Throws<SpecException>(() => SpecJson.Parse(spec)).Faults).Path
        );
        var study =
            """{"name":"s","seeds":[1],"experiment":"""
            + SpecJson.Write(TinyRun.Spec)
            + ""","axes":[[{"training":{"epochs":1,"epochs":2}}]]}""";
        Assert.Equal(
            "axes[0][0].training.epochs",
            Assert.Single(Assert.Throws<SpecException>(() => StudySpec.Parse(study)).Faults).Path
        );
    }

    // Each reached the reader, which threw something else than a fault, or was read as what it does not say.
    [Theory]
    [InlineData("\"training\"", "training")]
    [InlineData("\"model\"", "model")]
    [InlineData("\"precisions\"", "precisions")]
    [InlineData("\"name\"", "name")]
    [InlineData("\"seed\"", "seed")]
    public void Spec_NullMember_IsAFaultOfThatMember(string member, string path)
    {
        var document = StrictJson.Parse(SpecJson.Write(TinyRun.Spec))!.AsObject();
        document[member.Trim('"')] = null;
        Assert.Equal(
            path,
            Assert.Single(Assert.Throws<SpecException>(() => SpecJson.Parse(document.ToJsonString())).Faults).Path
        );
    }

    [Fact]
    public void Spec_IdAfterTheParameters_IsTheSameMethod()
    {
        var document = StrictJson.Parse(SpecJson.Write(TinyRun.Spec))!;
        var before = document["attack"]!.AsObject();
        document["attack"] = StrictJson.Parse(
            "{"
                + string.Join(
                    ',',
                    before.Reverse().Select(member => $"\"{member.Key}\":{member.Value!.ToJsonString()}")
                )
                + "}"
        );
        Assert.Equal(TinyRun.Spec.Attack, SpecJson.Parse(document.ToJsonString()).Attack);
    }

    [Fact]
    public void Faults_OfAHugeDocument_AreCutWithTheirCount()
    {
        var many = "{" + string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"x{i}\":1")) + "}";
        var error = Assert.Throws<SpecException>(() => SpecJson.Parse(many));
        Assert.InRange(error.Message.Length, 100, 20_000);
        Assert.Equal(101, error.Faults.Count);
        var longName = Assert.Throws<SpecException>(() =>
            SpecJson.Parse($$"""{"{{new string('n', 500_000)}}":"{{new string('v', 400_000)}}"}""")
        );
        Assert.InRange(longName.Message.Length, 100, 20_000);
    }

    [Theory]
    [InlineData("""{"seeds":null,"name":"s","experiment":{}}""", "seeds")]
    [InlineData("""{"seeds":[1.5],"name":"s","experiment":{}}""", "seeds")]
    [InlineData("""{"seeds":[1],"name":null,"experiment":{}}""", "name")]
    [InlineData("""{"seeds":[1],"name":"s","experiment":[]}""", "experiment")]
    [InlineData("""{"seeds":[1],"name":"s","experiment":{},"axes":[null]}""", "axes[0]")]
    [InlineData("""{"seeds":[1],"name":"s","experiment":{},"axes":[[null]]}""", "axes[0][0]")]
    [InlineData("""{"seeds":[1],"name":"s","experiment":{},"question":null}""", "question")]
    [InlineData("""{"seeds":[1],"name":"s","experiment":{},"paper":7}""", "paper")]
    [InlineData("""{"seeds":[1],"name":"s","experiment":{},"seed":1}""", "seed")]
    [InlineData("""{"seeds":[1],"name":"s\u202E","experiment":{}}""", "name")]
    public void Study_WrongForm_IsAFaultOfThatMember(string json, string path) =>
        Assert.Equal(path, Assert.Single(Assert.Throws<SpecException>(() => StudySpec.Parse(json)).Faults).Path);

    private static IReadOnlyList<SpecFault> Faults(string json) =>
        Assert.Throws<SpecException>(() => StrictJson.Parse(json)).Faults;
}
