using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Tests.Defenses;

/// <summary>Where attacks and defenses stand in the field's taxonomy.</summary>
public sealed class DefenseTraitsTests
{
    [Theory]
    [InlineData(
        "fine-pruning",
        "after training|offline|parameter|white box|nothing|clean data, weights|modifies the model"
    )]
    [InlineData("clp", "after training|offline|parameter|white box|nothing|weights|modifies the model")]
    [InlineData(
        "neural-cleanse",
        "after training|offline|input|white box|nothing|clean data, gradients, queries|judges the model"
    )]
    [InlineData("strip", "after training|online|input|black box|nothing|clean data, queries|filters inputs")]
    [InlineData(
        "spectral-signatures",
        "before training|offline|feature|features|a bound of the poison rate|poisoned data, feature maps|filters samples"
    )]
    [InlineData(
        "beatrix",
        "before training|offline|feature|features|nothing|poisoned data, clean data, feature maps|filters samples"
    )]
    [InlineData("badnets", "dirty|static|visible|poisons data")]
    [InlineData("wanet", "dirty|warp|faint|poisons data")]
    [InlineData("bpp", "dirty|sample-specific|faint|poisons data")]
    [InlineData("input-aware", "dirty|sample-specific|visible|poisons data")]
    [InlineData("narcissus", "clean|optimised|faint|poisons data")]
    [InlineData("qu-anti-zation", "dirty|static|visible|trains the model")]
    [InlineData("rnp", "after training|offline|parameter|white box|nothing|clean data, weights|modifies the model")]
    [InlineData("cbd", "in training|offline|parameter|own training|nothing|poisoned data|trains")]
    [InlineData("d-br", "in training|offline|feature|own training|nothing|poisoned data, a plain training|trains")]
    public void Traits_OfAMethod_AreItsPlaceOnEveryAxis(string id, string traits) =>
        Assert.Equal(traits, string.Join('|', MethodCatalog.Default.Find(id)!.Traits.Select(trait => trait.Value)));

    [Fact]
    public void Traits_OfEveryDefense_HaveTheSameAxes() =>
        Assert.Single(
            MethodCatalog
                .Default.Of<Defense>()
                .Select(method => string.Join('|', method.Traits.Select(trait => trait.Axis)))
                .Distinct()
        );
}
