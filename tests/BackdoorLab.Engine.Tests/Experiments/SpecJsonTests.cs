using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Tests.Experiments;

public sealed class SpecJsonTests
{
    [Fact]
    public void Read_DefensesWithTheSettingsOfOlderSpecs_KeepTheirMeaning()
    {
        var document = JsonNode.Parse(SpecJson.Write(Presets.Demo.Spec))!.AsObject();
        document["defenses"] = JsonNode.Parse(
            """
            [{"id":"activation-clustering","reduction":"independent-components","rule":"relative-size"},
             {"id":"spectral-signatures","expectedPoison":0.1},{"id":"fine-pruning","validationShare":0.4}]
            """
        );
        var (spec, faults) = SpecJson.Read(document);

        Assert.Empty(faults);
        Assert.Equal(
            FeatureReduction.IndependentComponents,
            Assert.IsType<ActivationClustering>(spec!.Defenses[0]).Reduction
        );
        Assert.Equal(0.1, Assert.IsType<SpectralSignatures>(spec.Defenses[1]).ExpectedPoison);
        Assert.Equal(0.4, Assert.IsType<FinePruning>(spec.Defenses[2]).ValidationShare);
    }

    [Fact]
    public void EveryPreset_WrittenAndParsed_IsEqual()
    {
        foreach (var preset in Presets.All)
        {
            var text = SpecJson.Write(preset.Spec);
            Assert.Equal(text, SpecJson.Write(SpecJson.Parse(text)));
        }
    }

    [Fact]
    public void Parse_ManyFaults_ReportsAllWithPathsAndRemedies()
    {
        var error = Assert.Throws<SpecException>(() =>
            SpecJson.Parse(
                """
                {
                  "schema": 1, "seed": -3, "cleanholdout": 10,
                  "dataset": {"id": "gtsrb", "trainlimit": 5},
                  "model": {"id": "resnet8"},
                  "attack": {"id": "badnets", "patchSize": 40, "place": "bottomright", "poisonRate": "high"},
                  "precisions": [],
                  "defenses": [{"id": "strip"}, {"name": "x"}]
                }
                """
            )
        );
        Assert.Equal(
            [
                "attack.patchSize",
                "attack.place",
                "attack.poisonRate",
                "cleanholdout",
                "dataset.trainlimit",
                "defenses[1].id",
                "model.id",
                "precisions",
                "seed",
            ],
            error.Faults.Select(fault => fault.Path).Order(StringComparer.Ordinal)
        );
        Assert.Contains("must be from 1 to 16; found 40.", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'res-net8'?", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'trainLimit'?", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'bottom-right'?", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("The spec has 9 faults:", error.Message, StringComparison.Ordinal);
    }

    // The JSON of a method decides the keys of its results: what was computed before a parameter came must still be
    // found.
    [Theory]
    [InlineData(
        "int8-static",
        """{"id":"int8-static","calibrationImages":256,"calibrationSet":"training","observer":"histogram","library":"x86"}"""
    )]
    [InlineData(
        "w8a8-simulated",
        """{"id":"w8a8-simulated","calibrationImages":256,"calibrationSet":"training","observer":"histogram"}"""
    )]
    [InlineData("int4-weight-only", """{"id":"int4-weight-only","granularity":"per-channel","groupSize":64}""")]
    [InlineData(
        "badnets",
        """{"id":"badnets","patchSize":3,"place":"bottom-right","margin":1,"pattern":"checkerboard","poisonRate":0.1,"targetLabel":0,"mapping":"all-to-one","stampAfterAugmentation":false}"""
    )]
    public void Json_OfAMethodAtItsDefaults_IsWhatItHasAlwaysBeen(string id, string json) =>
        Assert.Equal(
            json,
            JsonSerializer.Serialize<object>(MethodCatalog.Default.Find(id)!.CreateDefault(), SpecJson.Options)
        );

    [Fact]
    public void Json_OfAParameterOmittedAtItsDefault_IsThereWhenItDiffersAndReadsBack()
    {
        Precision learned = new Int8WeightOnly { Rounding = Rounding.Efrap, RoundingSteps = 50 };
        var json = JsonSerializer.Serialize(learned, SpecJson.Options);
        Assert.Equal(
            """{"id":"int8-weight-only","granularity":"per-channel","groupSize":64,"rounding":"efrap","roundingSteps":50}""",
            json
        );
        Assert.Equal(learned, JsonSerializer.Deserialize<Precision>(json, SpecJson.Options));
        Assert.Equal("int8-weight-only[rounding=efrap,roundingSteps=50]", MethodCatalog.Default.Label(learned));
    }

    [Fact]
    public void Json_OfQuantizationAwareTraining_IsThereWhenAskedFor()
    {
        Precision tuned = new W4A4Simulated { QatEpochs = 3, QatLearningRate = 0.01 };
        var json = JsonSerializer.Serialize(tuned, SpecJson.Options);
        Assert.Equal(
            """{"id":"w4a4-simulated","calibrationImages":256,"calibrationSet":"training","observer":"histogram","qatEpochs":3,"qatLearningRate":0.01}""",
            json
        );
        Assert.Equal(tuned, JsonSerializer.Deserialize<Precision>(json, SpecJson.Options));
        Assert.Equal(
            "QAT epochs",
            MethodCatalog
                .Default.Find("w4a4-simulated")!
                .Parameters.Single(parameter => parameter.Name == "qatEpochs")
                .Label
        );
    }

    [Fact]
    public void Read_QuantizationAwareTrainingWithLearnedRounding_IsAFaultOfTheRounding()
    {
        var fault = Assert.Single(
            Faults(spec =>
                spec["precisions"]!
                    .AsArray()
                    .Add(JsonNode.Parse("""{"id":"int8-static","qatEpochs":1,"rounding":"efrap"}"""))
            )
        );
        Assert.Matches(
            @"^precisions\[\d+\]\.rounding: must be nearest where qatEpochs is above 0.*found efrap\.$",
            fault.ToString()
        );
    }

    [Theory]
    [InlineData("[]", "(document)")]
    [InlineData("{", "(document)")]
    public void Parse_NotAnObject_SaysSo(string text, string path) =>
        Assert.Equal(path, Assert.Throws<SpecException>(() => SpecJson.Parse(text)).Faults[0].Path);

    [Fact]
    public void Read_TargetBeyondTheClasses_IsAFaultOfThatField()
    {
        var faults = Faults(spec => spec["attack"]!["targetLabel"] = 10);
        Assert.Equal("attack.targetLabel", Assert.Single(faults).Path);
    }

    [Fact]
    public void Read_NetworkForLargerImages_IsAFaultThatSaysWhichItTakes()
    {
        var fault = Assert.Single(Faults(spec => spec["model"] = new JsonObject { ["id"] = "vit-b16" }));

        Assert.Equal("model", fault.Path);
        Assert.Contains("takes images from 224 x 224 pixels on", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Faults(spec => spec["model"] = new JsonObject { ["id"] = "res-net18", ["form"] = "image-net" }));
    }

    [Fact]
    public void Read_RepeatedDefense_IsAFaultUnlessItsParametersDiffer()
    {
        Assert.Equal(
            "defenses[5]",
            Assert
                .Single(
                    Faults(spec =>
                        spec["defenses"]!.AsArray().Add(JsonNode.Parse("""{"id":"activation-clustering"}"""))
                    )
                )
                .Path
        );
        Assert.Empty(
            Faults(spec =>
                spec["defenses"]!.AsArray().Add(JsonNode.Parse("""{"id":"activation-clustering","dimensions":3}"""))
            )
        );
    }

    [Fact]
    public void Read_HoldoutOfMoreThanHalfTheTest_IsAFault() =>
        Assert.Equal("cleanHoldout", Assert.Single(Faults(spec => spec["cleanHoldout"] = 1400)).Path);

    [Fact]
    public void Parse_OmittedParameters_TakeTheirDefaults()
    {
        var spec = SpecJson.Parse(
            """{"dataset":{"id":"cifar10"},"model":{"id":"res-net8"},"attack":{"id":"badnets"},"precisions":[{"id":"float32"}],"defenses":[]}"""
        );
        Assert.Equal(new BadNets(), spec.Attack);
        Assert.True(spec.BenignTwin);
        Assert.False(spec.Preflight);
        Assert.Equal(1000, spec.CleanHoldout);
    }

    private static IReadOnlyList<SpecFault> Faults(Action<JsonNode> change)
    {
        var document = JsonNode.Parse(SpecJson.Write(Presets.Demo.Spec))!;
        change(document);
        return SpecJson.Read(document).Faults;
    }
}
