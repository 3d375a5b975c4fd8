using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Engine.Tests.Experiments;

namespace BackdoorLab.Engine.Tests.Studies;

public sealed class StudyPlanTests
{
    private static readonly JsonObject Experiment = JsonNode.Parse(SpecJson.Write(TinyRun.Spec))!.AsObject();

    [Fact]
    public void Make_TwoAxesAndSeeds_GivesTheirProductSeedBySeed()
    {
        var plan = StudyPlan.Make(
            Study() with
            {
                Seeds = [7, 8],
                Axes =
                [
                    [Patch("""{"attack":{"poisonRate":0.05}}"""), Patch("""{"attack":{"poisonRate":0.2}}""")],
                    [Patch("{}"), Patch("""{"model":{"id":"small-conv-net"},"training":{"epochs":3}}""")],
                ],
            }
        );

        Assert.Equal(4, plan.Settings.Count);
        Assert.Equal([7, 7, 7, 7, 8, 8, 8, 8], plan.Experiments.Select(spec => spec.Seed));
        Assert.Equal([0.05, 0.05, 0.2, 0.2], plan.Settings.Select(setting => setting[0].Attack.PoisonRate));
        Assert.Equal([2, 3, 2, 3], plan.Settings.Select(setting => setting[0].Training.Epochs));
        Assert.Equal(32, plan.Settings[1][0].Training.BatchSize);
        Assert.Equal("a study: Synthetic signs, SmallConvNet, BadNets 20 %, seed 8", plan.Settings[3][1].Name);
    }

    [Fact]
    public void Make_SettingsOfOneTitle_AreToldApartByWhatDiffers()
    {
        var plan = StudyPlan.Make(
            Study() with
            {
                Seeds = [1],
                Axes =
                [
                    [
                        Patch("{}"),
                        Patch("""{"training":{"epochs":3},"benignTwin":false}"""),
                        Patch("""{"attack":{"poisonRate":0.2}}"""),
                    ],
                ],
            }
        );

        Assert.Equal(
            [
                "a study: Synthetic signs, ResNet-8, BadNets 10 %, epochs 2, benign twin true, seed 1",
                "a study: Synthetic signs, ResNet-8, BadNets 10 %, epochs 3, benign twin false, seed 1",
                "a study: Synthetic signs, ResNet-8, BadNets 20 %, seed 1",
            ],
            plan.Settings.Select(setting => setting[0].Name)
        );
    }

    [Fact]
    public void Make_PatchWithAnotherMethod_DropsTheParametersOfTheOldOne()
    {
        var plan = StudyPlan.Make(
            Study() with
            {
                Axes =
                [
                    [Patch("""{"dataset":{"id":"mnist","trainLimit":500}}""")],
                ],
            }
        );

        Assert.Equal(new Mnist { TrainLimit = 500 }, plan.Settings[0][0].Dataset);
    }

    [Fact]
    public void Make_FaultInOneSetting_NamesAxisAndValue()
    {
        var study = Study() with
        {
            Axes =
            [
                [Patch("{}"), Patch("""{"attack":{"poisonRate":2}}""")],
            ],
        };

        var fault = Assert.Single(Assert.Throws<SpecException>(() => StudyPlan.Make(study)).Faults);

        Assert.Equal("axes[0][1] attack.poisonRate", fault.Path);
    }

    [Fact]
    public void Make_SeedTwiceAndSettingTwice_TellsBoth()
    {
        Assert.Contains(
            "seeds",
            Assert.Throws<SpecException>(() => StudyPlan.Make(Study() with { Seeds = [1, 1] })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "repeats another setting",
            Assert
                .Throws<SpecException>(() =>
                    StudyPlan.Make(
                        Study() with
                        {
                            Axes =
                            [
                                [Patch("{}"), Patch("{}")],
                            ],
                        }
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Parse_OfWritten_GivesTheSameStudy()
    {
        var study = Study() with
        {
            Question = "why?",
            Axes =
            [
                [Patch("""{"cleanHoldout":50}""")],
            ],
        };

        var read = StudySpec.Parse(StudySpec.Write(study));

        Assert.Equal(StudySpec.Write(study), StudySpec.Write(read));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{"name":"x"}""")]
    [InlineData("""{"name":"x","seeds":[1],"experiment":{},"axis":[]}""")]
    [InlineData("""{"name":"x","seeds":"one","experiment":{}}""")]
    public void Parse_OfSomethingElse_TellsAFault(string json) =>
        Assert.NotEmpty(Assert.Throws<SpecException>(() => StudySpec.Parse(json)).Faults);

    private static StudySpec Study() =>
        new()
        {
            Name = "a study",
            Seeds = [1],
            Experiment = Experiment,
        };

    private static JsonObject Patch(string json) => JsonNode.Parse(json)!.AsObject();
}
