using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class CatalogTests
{
    [Fact]
    public void Kind_OfAMethodBelowASharedBase_IsThatOfItsSiblings()
    {
        Assert.All(MethodCatalog.Default.Of<Precision>(), method => Assert.Equal("precision", method.Kind));
        Assert.Equal("model-detector", MethodCatalog.Default.Find("neural-cleanse")!.Kind);
    }

    [Fact]
    public void Kind_OfNestedAndFlatHierarchies_IsTheKindsName()
    {
        Assert.Equal("attack", MethodCatalog.Default.Find("badnets")!.Kind);
        Assert.Equal("model-detector", MethodCatalog.Default.Find("neural-cleanse")!.Kind);
        Assert.Equal("precision", MethodCatalog.Default.Find("float32")!.Kind);
    }

    [Fact]
    public void Label_OfDefaults_IsTheIdAndOfChanges_NamesThem()
    {
        Assert.Equal("badnets", MethodCatalog.Default.Label(new BadNets()));
        Assert.Equal(
            "badnets[poisonRate=0.05,patchSize=4]",
            MethodCatalog.Default.Label(new BadNets { PatchSize = 4, PoisonRate = 0.05 })
        );
    }

    [Fact]
    public void EveryMethod_IsDescribedForPeople()
    {
        foreach (var method in MethodCatalog.Default.Listed)
        {
            Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", method.Id);
            Assert.NotEmpty(method.Name);
            Assert.All(
                method.Parameters,
                parameter =>
                    Assert.False(
                        string.IsNullOrWhiteSpace(parameter.Description),
                        $"{method.Id}.{parameter.Name} has no [Description]."
                    )
            );
            if (method.Type.IsAssignableTo(typeof(Defense)) || method.Type.IsAssignableTo(typeof(Attack)))
            {
                Assert.False(string.IsNullOrWhiteSpace(method.Attribute.Paper), $"{method.Id} names no paper.");
                Assert.False(string.IsNullOrWhiteSpace(method.Attribute.Summary), $"{method.Id} has no summary.");
            }
        }
    }

    [Fact]
    public void EveryDefault_IsLegal()
    {
        foreach (var method in MethodCatalog.Default.All)
        {
            foreach (var parameter in method.Parameters)
            {
                var node = System.Text.Json.JsonSerializer.SerializeToNode(parameter.Default);
                Assert.True(
                    ParameterCheck.Fault(parameter, node) is null,
                    $"{method.Id}.{parameter.Name}: {ParameterCheck.Fault(parameter, node)}"
                );
            }
        }
    }

    [Theory]
    [InlineData("badnet", "badnets")]
    [InlineData("blendet", "blended")]
    public void Nearest_OfATypingError_IsTheMeantName(string typed, string meant) =>
        Assert.Equal(meant, Nearest.To(typed, ["badnets", "blended"]));

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("same", "same", 0)]
    public void Distance_OfTwoWords_IsLevenshteins(string a, string b, int expected) =>
        Assert.Equal(expected, Nearest.Distance(a, b));

    [Theory]
    [InlineData("AllToOne", "all-to-one")]
    [InlineData("BFloat16", "bfloat16")]
    public void Kebab_OfAnEnumName_IsLowerCaseWithHyphens(string name, string expected) =>
        Assert.Equal(expected, ParameterReader.Kebab(name));
}
