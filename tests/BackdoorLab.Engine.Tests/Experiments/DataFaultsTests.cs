using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Engine.Tests.Datasets;

namespace BackdoorLab.Engine.Tests.Experiments;

public sealed class DataFaultsTests : IDisposable
{
    private readonly TempRoot _root = new();

    public DataFaultsTests()
    {
        foreach (
            var (name, i) in from name in (string[])["a", "b", "c"]
            from i in Enumerable.Range(0, 10)
            select (name, i)
        )
        {
            File.WriteAllBytes(_root.File("mine", name, $"{i}.png"), Pictures.Png(16, 16, 1, 2, 3));
        }
    }

    public void Dispose() => _root.Dispose();

    private static ExperimentSpec Spec =>
        TinyRun.Spec with
        {
            Dataset = new ImageFolder
            {
                Path = "mine",
                Resize = 16,
                Crop = 16,
            },
            CleanHoldout = 3 + 2,
            Attack = new BadNets { TargetLabel = 2 },
        };

    [Fact]
    public void Of_TargetBeyondTheFoldersClasses_IsAFaultOfEveryKindOfRun()
    {
        ExperimentSpec[] specs =
        [
            Spec with
            {
                Attack = new BadNets { TargetLabel = 3 },
            },
            Spec with
            {
                Attack = new Blended { TargetLabel = 7 },
            },
            Spec with
            {
                Attack = new BadNets { TargetLabel = 3 },
                Federation = new Federation(),
            },
        ];

        Assert.All(
            specs,
            spec =>
                Assert.StartsWith(
                    "attack.targetLabel: must be below 3, the number of classes found; found",
                    Assert.Single(new DataFaults(_root.Path).Of(spec)).ToString()
                )
        );
        Assert.Empty(new DataFaults(_root.Path).Of(Spec));
        Assert.Empty(
            new DataFaults(_root.Path).Of(
                Spec with
                {
                    Attack = new BadNets { TargetLabel = 3, Mapping = LabelMapping.AllToAll },
                }
            )
        );
    }

    [Fact]
    public void Of_MoreHoldoutThanTestImages_IsAFault()
    {
        Assert.Equal(
            "cleanHoldout: must be below the 6 test images found; found 10.",
            Assert.Single(new DataFaults(_root.Path).Of(Spec with { CleanHoldout = 10 })).ToString()
        );
    }

    [Fact]
    public void Of_ARateThatPoisonsNoneOfTheFoldersImages_IsAFaultWithTheSmallestThatDoes()
    {
        // 24 training images of 30: half an image is the least.
        Assert.Equal(
            "attack.poisonRate: 0.001 of 24 training images is no image: give at least 0.0209, which poisons one, or 0 to train a benign model.",
            Assert
                .Single(new DataFaults(_root.Path).Of(Spec with { Attack = new BadNets { PoisonRate = 0.001 } }))
                .ToString()
        );
        Assert.Empty(new DataFaults(_root.Path).Of(Spec with { Attack = new BadNets { PoisonRate = 0.0209 } }));
    }

    [Fact]
    public void Of_FolderThatIsNotThere_SaysNothing()
    {
        Assert.Empty(
            new DataFaults(Path.Combine(_root.Path, "none")).Of(Spec with { Attack = new BadNets { TargetLabel = 9 } })
        );
    }

    [Fact]
    public void Refuse_OfAStudy_NamesTheSetting()
    {
        var study = new StudySpec
        {
            Name = "s",
            Seeds = [1, 2],
            Experiment = JsonNode
                .Parse(
                    SpecJson.Write(
                        Spec with
                        {
                            CleanHoldout = 10,
                            Dataset = new ImageFolder
                            {
                                Path = "mine",
                                Resize = 16,
                                Crop = 16,
                                TestShare = 0.5,
                            },
                        }
                    )
                )!
                .AsObject(),
            Axes =
            [
                [
                    JsonNode.Parse("""{"attack":{"id":"badnets","targetLabel":2}}""")!.AsObject(),
                    JsonNode.Parse("""{"attack":{"id":"badnets","targetLabel":3}}""")!.AsObject(),
                ],
            ],
        };

        var fault = Assert.Single(
            Assert.Throws<SpecException>(() => StudyPlan.Make(study).Refuse(new DataFaults(_root.Path))).Faults
        );

        Assert.Equal("attack.targetLabel", fault.Path);
        Assert.Contains("found 3. (s: ", fault.Message);
    }
}
