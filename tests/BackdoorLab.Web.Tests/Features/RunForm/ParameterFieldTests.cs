using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Features.RunForm;
using Bunit;

namespace BackdoorLab.Web.Tests.Features.RunForm;

public sealed class ParameterFieldTests : BunitContext
{
    public static TheoryData<string> Methods => [.. MethodCatalog.Default.All.Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Field_EveryParameterOfTheMethod_HasALabelledControlWithHelpAndDefault(string id)
    {
        foreach (var parameter in MethodCatalog.Default.Find(id)!.Parameters)
        {
            var field = Render(parameter, null);
            var label = field.Find("label");
            var control = field.Find("#" + label.GetAttribute("for"));
            Assert.Equal(parameter.Label, label.TextContent);
            Assert.Equal(
                parameter.Kind switch
                {
                    ParameterKind.Flag => "checkbox",
                    ParameterKind.Choice => "SELECT",
                    ParameterKind.Text => "text",
                    _ => "number",
                },
                control.GetAttribute("type") ?? control.TagName
            );
            Assert.Contains(parameter.Description, field.Find(".help").TextContent, StringComparison.Ordinal);
            Assert.Equal(field.Find(".help").Id, control.GetAttribute("aria-describedby"));
            Assert.Empty(field.FindAll(".changed"));
        }
    }

    [Fact]
    public void Field_Choice_OffersEveryChoiceAndSelectsTheValue()
    {
        var parameter = MethodCatalog
            .Default.Find("badnets")!
            .Parameters.Single(parameter => parameter.Name == "mapping");
        var field = Render(parameter, JsonValue.Create("all-to-all"));
        Assert.Equal(
            ["all-to-one", "all-to-all"],
            field.FindAll("option").Select(option => option.GetAttribute("value"))
        );
        Assert.True(field.FindAll("option")[1].HasAttribute("selected"));
        Assert.Single(field.FindAll(".changed"));
    }

    [Fact]
    public async Task Field_Slider_ReportsAValueOfTheParametersOwnKind()
    {
        JsonNode? reported = null;
        var parameter = MethodCatalog
            .Default.Find("badnets")!
            .Parameters.Single(parameter => parameter.Name == "patchSize");
        var field = Render(parameter, null, value => reported = value);

        await field.InvokeAsync(() => field.Find("input[type=range]").InputAsync(new() { Value = "4" }));

        Assert.Equal(parameter.Minimum + 4, reported!.GetValue<int>());
    }

    [Fact]
    public void Field_Fault_IsAnnouncedBesideTheControl()
    {
        var parameter = MethodCatalog
            .Default.Find("badnets")!
            .Parameters.Single(parameter => parameter.Name == "poisonRate");
        var field = Render<ParameterField>(parameters =>
            parameters
                .Add(component => component.Parameter, parameter)
                .Add(component => component.Path, "attack.poisonRate")
                .Add(component => component.Fault, "must be less.")
        );
        Assert.Equal("Poison rate must be less.", field.Find("[role=alert]").TextContent);
        Assert.Equal("true", field.Find("#f-attack-poisonRate").GetAttribute("aria-invalid"));
    }

    [Fact]
    public void Scale_LearningRate_StepsByFactors()
    {
        var parameter = ParameterReader
            .Read(typeof(BackdoorLab.Engine.Training.TrainOptions))
            .Single(parameter => parameter.Name == "learningRate");
        var scale = NumberScale.For(parameter)!;
        Assert.Equal(1e-6, scale.Value(0));
        Assert.Equal(10, scale.Value(scale.Steps));
        Assert.Equal(0.0032, scale.Value(scale.Steps / 2), 6);
        Assert.Equal(0.1, scale.Value(scale.Position(0.1)), 2);
    }

    [Fact]
    public void Scale_RangeTooWide_HasNoSlider()
    {
        var parameter = MethodCatalog
            .Default.Find("cifar10")!
            .Parameters.Single(parameter => parameter.Name == "trainLimit");
        Assert.Null(NumberScale.For(parameter));
    }

    private IRenderedComponent<ParameterField> Render(
        ParameterDescriptor parameter,
        JsonNode? value,
        Action<JsonNode?>? changed = null
    ) =>
        Render<ParameterField>(parameters =>
            parameters
                .Add(component => component.Parameter, parameter)
                .Add(component => component.Path, "x." + parameter.Name)
                .Add(component => component.Value, value)
                .Add(component => component.OnChange, node => changed?.Invoke(node))
        );
}
