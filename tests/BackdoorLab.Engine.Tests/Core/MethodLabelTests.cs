using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Core;

public sealed class MethodLabelTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("badnets", "badnets", "")]
    [InlineData("badnets[poisonRate=0.05,patchSize=4]", "badnets", "poisonRate: 0.05; patchSize: 4")]
    [InlineData("folder[path=a,b=c,limit=3]", "folder", "path: a; b: c; limit: 3")]
    [InlineData("folder[path=one, two,limit=3]", "folder", "path: one, two; limit: 3")]
    [InlineData("folder[path=x[1]]", "folder", "path: x[1]")]
    public void Of_AText_IsTheMethodAndWhatDiffers(string text, string id, string settings)
    {
        var label = MethodLabel.Of(text);

        Assert.Equal(id, label.Id);
        Assert.Equal(settings, string.Join("; ", label.Settings.Select(setting => $"{setting.Key}: {setting.Value}")));
        Assert.Equal(text, label.ToString());
        Assert.Equal(MethodLabel.Of(text), label);
    }

    [Fact]
    public void OfLabel_AConfiguredMethod_IsItsDescriptor()
    {
        var catalog = MethodCatalog.Default;

        Assert.Equal("BadNets", catalog.OfLabel(catalog.Label(new BadNets { PoisonRate = 0.05 }))!.Name);
        Assert.Equal("synthetic-signs", catalog.OfLabel(catalog.Label(new SyntheticSigns()))!.Id);
        Assert.Null(catalog.OfLabel("no-such-method[a=1]"));
    }

    [Fact]
    public void Aliases_OfAllMethods_AreNobodyElsesName()
    {
        var names = MethodCatalog
            .Default.All.SelectMany(method =>
                method.Attribute.Aliases.Concat(
                    new[] { method.Id, method.Name }.Distinct(StringComparer.OrdinalIgnoreCase)
                )
            )
            .Select(name => name.ToUpperInvariant())
            .ToList();

        Assert.Equal(names.Distinct(), names);
    }
}
