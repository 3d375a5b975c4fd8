using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Tests.Experiments;

namespace BackdoorLab.Engine.Tests.Attacks;

[Collection("torch")]
public sealed class AchievedPoisonTests
{
    private static readonly Trigger Half = new MaskTrigger([0f, 0.5f], [0f, 1f], 1, 1, 2);

    // 12 images, 10 of them of the target: 40 % is asked (5 images), but only 2 may be poisoned.
    [Fact]
    public void Of_MoreThanTheOtherClassesHold_SaysWhatWasAchieved()
    {
        var achieved = Achieved([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], new BadNets { PoisonRate = 0.4 });

        Assert.Equal((12, 2, 2), (achieved.Images, achieved.Candidates, achieved.Poisoned));
        Assert.Equal(2.0 / 12, achieved.Share, 12);
        Assert.Equal(new PoisonedClass(0, 12, 2), Assert.Single(achieved.Classes));
        Assert.Equal("2 of 12 training images (16.67 %; asked 40 %), 16.67 % of label 0", achieved.Words());
        Assert.Equal(
            "poisoned 2 of 12 training images, 16.67 %, where 40 % was asked for: no more images have another class than the target",
            achieved.Remark
        );
    }

    [Fact]
    public void Of_AnAllToAllAttack_CountsByLabelAsLearnt()
    {
        var achieved = Achieved([0, 0, 1, 1], new BadNets { PoisonRate = 1, Mapping = LabelMapping.AllToAll });

        Assert.Equal([new PoisonedClass(0, 2, 2), new PoisonedClass(1, 2, 2)], achieved.Classes);
        Assert.Equal("4 of 4 training images (100 %), up to 100 % of a label", achieved.Words());
        Assert.Empty(achieved.Remark);
    }

    [Fact]
    public void Of_ARateThatRounds_IsNoRemark()
    {
        // 30 % of 12 is 3.6 images: 4 are poisoned, a third.
        var achieved = Achieved([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], new BadNets { PoisonRate = 0.3 });

        Assert.Equal(4, achieved.Poisoned);
        Assert.Equal("4 of 12 training images (33.33 %; asked 30 %), 80 % of label 0", achieved.Words());
        Assert.Empty(achieved.Remark);
    }

    // Half an image rounds up to one.
    [Theory]
    [InlineData(0.001, 64, "0.00782")]
    [InlineData(0.0078, 64, "0.00782")]
    [InlineData(0.00782, 64, null)]
    [InlineData(0.001, 51, "0.00981")]
    [InlineData(0.00981, 51, null)]
    [InlineData(0.0049, 100, "0.005")]
    [InlineData(0.005, 100, null)]
    [InlineData(0.0, 64, null)]
    public void Fault_OfARateThatPoisonsNothing_NamesTheSmallestThatPoisonsOne(double rate, int images, string? least)
    {
        var fault = AchievedPoison.Fault(new BadNets { PoisonRate = rate }, images);

        Assert.Equal(least is null, fault is null);
        if (fault is not null)
        {
            Assert.Equal("attack.poisonRate", fault.Path);
            Assert.Contains($" give at least {least}, which poisons one, ", fault.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Validate_OfASetWhoseSizeIsKnown_RefusesARateThatPoisonsNothing()
    {
        var (_, faults) = SpecJson.Read(
            System.Text.Json.Nodes.JsonNode.Parse(
                SpecJson.Write(TinyRun.Spec with { Attack = new BadNets { PoisonRate = 0.001 } })
            )
        );

        Assert.Contains("give at least 0.00167", Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_OfATrainingSetThatCannotBePoisoned_Refuses()
    {
        var data = TinyRun.Spec.Dataset.Load("", new SeedTree(1));
        var few = TinyRun.Spec with { Attack = new BadNets { PoisonRate = 0.001 } };
        var alone = data with { Train = data.Train with { Labels = new int[data.Train.Count] } };

        Assert.Contains(
            "attack.poisonRate",
            Assert.Throws<SpecException>(() => ExperimentInputs.Prepare(few, data)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is the class of all 300 training images",
            Assert.Throws<SpecException>(() => ExperimentInputs.Prepare(TinyRun.Spec, alone)).Message,
            StringComparison.Ordinal
        );
        Assert.Null(
            ExperimentInputs.Prepare(TinyRun.Spec with { Attack = new BadNets { PoisonRate = 0 } }, data).Achieved
        );
    }

    [Fact]
    public void Run_ThatPoisons_RecordsWhatItAchieved()
    {
        var folder = Directory.CreateTempSubdirectory("achieved").FullName;
        try
        {
            // Ten classes of 30 images: 30 poisoned ones join the 30 of the target.
            var (result, events) = TinyRun.Run(
                folder,
                TinyRun.Spec with
                {
                    Precisions = [TinyRun.Spec.Precisions[0]],
                    Defenses = [],
                    Training = TinyRun.Spec.Training with { Epochs = 1 },
                }
            );

            Assert.Equal((300, 270, 30), (result.Poison!.Images, result.Poison.Candidates, result.Poison.Poisoned));
            Assert.Equal(30, events.Events.OfType<RunStarted>().Single().Poison!.Poisoned);
            Assert.Equal(
                [(Metric.PoisonedShare.Id, 0.1), (Metric.PoisonedClassShare.Id, 0.5), (Metric.PoisonedImages.Id, 30)],
                result
                    .Cells[0]
                    .Measurements.Where(row => row.Metric.StartsWith("poison", StringComparison.Ordinal))
                    .Select(row => (row.Metric, row.Value))
            );
            Assert.DoesNotContain(
                result.Cells.Single(cell => cell.Id.Victim == Victim.Benign).Measurements,
                row => row.Metric.StartsWith("poison", StringComparison.Ordinal)
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static AchievedPoison Achieved(int[] labels, Attack attack)
    {
        var clean = new ImageSet(new byte[2 * labels.Length], labels, 1, 1, 2, ["a", "b"]);
        return AchievedPoison.Of(
            clean,
            Poisoner.Poison(clean, attack, Half, new SeedTree(1)),
            attack,
            ofAttackers: false
        );
    }
}
