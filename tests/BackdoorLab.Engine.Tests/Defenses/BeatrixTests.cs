using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Defenses;

[Collection("torch")]
public sealed class BeatrixTests
{
    private static readonly Scalar Ten = 10;
    private static readonly GramMatrices TwoChannels = new(
        [
            [0, 1],
        ],
        8
    );

    [Fact]
    public void Entries_OfOnePosition_AreProductsWhateverTheOrder()
    {
        using var scope = NewDisposeScope();

        Assert.Equal([.. Enumerable.Repeat(new[] { 9.0, 6, 4 }, 8).SelectMany(row => row)], Entries(1, 3, 2));
    }

    [Fact]
    public void Entries_OfTwoPositions_ByHand()
    {
        using var scope = NewDisposeScope();
        // Channels (1, 2) and (1, -1): of order 1 5, -1, 2; of order 2 root 17, root 5, root 2; of order 3 the cube
        // roots of 65, -7, 2.
        var found = Entries(2, 1, 2, 1, -1);

        double[] expected =
        [
            5,
            -1,
            2,
            Math.Sqrt(17),
            Math.Sqrt(5),
            Math.Sqrt(2),
            Math.Cbrt(65),
            -Math.Cbrt(7),
            Math.Cbrt(2),
        ];
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 9));
    }

    [Fact]
    public void Entries_OfHugeTinyOrNoValues_AreFinite()
    {
        using var scope = NewDisposeScope();
        var huge = Entries(1, 3e12f, 2e12f);

        Assert.All(huge, value => Assert.InRange(value, 3.9e24, 9.1e24));
        Assert.All(Entries(1, 3e-20f, 2e-20f), value => Assert.InRange(value, 3.9e-40, 9.1e-40));
        Assert.All(Entries(1, 0, 0), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Deviations_OutsideTheBand_ByHand()
    {
        using var scope = NewDisposeScope();
        // Entries 1, 1, 1 of three clean images and 4, 2, 1 of a fourth: medians 1, deviations from them mostly 0, so
        // every band is the point 1. An image of entries 4, 2, 1 is 3 + 1 outside, in each of eight orders; one of
        // channels 1/2 and 1 is 3/4 + 1/2 outside.
        var clean = Maps(1, 1, 1, 1, 1, 1, 1, 2, 1);
        var bands = GramBands.Of(TwoChannels.Of(clean), Ten, TwoChannels.Divisor);
        var found = bands.Deviations(TwoChannels.Of(Maps(1, 1, 1, 2, 1, 0.5f, 1)));

        Assert.Equal(16, TwoChannels.Divisor);
        Assert.Equal(0, found[0], 6);
        Assert.Equal(8 * 4 / 16.0, found[1], 5);
        Assert.Equal(8 * 1.25 / 16, found[2], 5);
    }

    [Fact]
    public void Deviations_InsideTenDeviations_AreNone()
    {
        using var scope = NewDisposeScope();
        // One channel of 1, 2, 3: entries 1, 4, 9, median 4, deviations 3, 0, 5, so 3: the band is -26 to 34.
        var one = new GramMatrices(
            [
                [0],
            ],
            1
        );
        var bands = GramBands.Of(one.Of(tensor(new float[] { 1, 2, 3 }, [3, 1, 1, 1])), Ten, one.Divisor);
        var found = bands.Deviations(one.Of(tensor(new float[] { 5, 6, 10 }, [3, 1, 1, 1])));

        Assert.Equal(0, found[0]);
        Assert.Equal(2 / 34.0 / 0.5, found[1], 6);
        Assert.Equal(66 / 34.0 / 0.5, found[2], 6);
    }

    [Fact]
    public void Threshold_OfFolds_IsTheValueAtItsPlace()
    {
        using var scope = NewDisposeScope();
        var one = new GramMatrices(
            [
                [0],
            ],
            1
        );
        float[] values = [.. Enumerable.Repeat(1f, 9), 2];
        var entries = one.Of(tensor(values, [10, 1, 1, 1]));

        // The band of the others is the point 1: the last image is 3 outside, and the divisor is one half.
        Assert.Equal(6, GramBands.Threshold(entries, Ten, one.Divisor, 0.95), 4);
        Assert.Equal(0, GramBands.Threshold(entries, Ten, one.Divisor, 0.85), 6);
    }

    [Fact]
    public void Groups_OfAWideMap_AreEqualDisjointAndAll()
    {
        var groups = GramMatrices.Groups(150, 64, TestContexts.Random("groups"));

        Assert.Equal([50, 50, 50], groups.Select(group => group.Length));
        Assert.Equal(Enumerable.Range(0, 150), groups.SelectMany(group => group).Order());
        Assert.Single(GramMatrices.Groups(64, 64, TestContexts.Random("groups")));
    }

    [Fact]
    public void Score_TriggeredTrainingImages_AreFlaggedAndTheirClassHasTheLargestDiscrepancy()
    {
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        var holdout = TestNetworks.ColouredImages(120, TestContexts.Random("holdout"));
        var clean = TestNetworks.ColouredImages(90, TestContexts.Random("training"));
        var stamped = TestNetworks.Stamp(TestNetworks.ColouredImages(30, TestContexts.Random("poison")));
        var training = clean with
        {
            Pixels = [.. clean.Pixels, .. stamped.Pixels],
            Labels = [.. clean.Labels, .. new int[30]],
        };
        var verdict = new Beatrix().Score(
            TestContexts.Of(Needs.CleanHoldout | Needs.TrainingSet | Needs.Features, model, holdout, training)
        );

        Assert.All(Enumerable.Range(90, 30), i => Assert.True(verdict.Flagged[i]));
        Assert.True(Enumerable.Range(0, 90).Count(i => verdict.Flagged[i]) < 20);
        Assert.Equal(0, verdict.TopLabel);
        Assert.Equal(UndecidedReason.FewClasses, verdict.Verdict!.Reason);
        Assert.Equal("Stage conv, 4 channels; bands of 30 clean images a class.", verdict.Note);
    }

    [Fact]
    public void Score_NetworkWithoutStagesOrAnotherName_IsNotApplicable()
    {
        var holdout = TestNetworks.ColouredImages(60, TestContexts.Random("holdout"));
        using var model = new FloatDeployed(TestNetworks.Backdoored());
        using var linear = new FloatDeployed(new LinearNetwork(TestNetworks.Shape(3, 8, 3), new float[3 * 192]));
        const Needs needs = Needs.CleanHoldout | Needs.TrainingSet | Needs.Features;

        Assert.Throws<NotApplicableException>(() => new Beatrix().Score(TestContexts.Of(needs, linear, holdout)));
        Assert.Contains(
            "it has conv",
            Assert
                .Throws<NotApplicableException>(() =>
                    new Beatrix { Stage = "layer9" }.Score(TestContexts.Of(needs, model, holdout))
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Warnings_TooFewImagesOrTheLargestOfThem_AreSaid()
    {
        Assert.Empty(new Beatrix().Warnings(400));
        Assert.Single(new Beatrix { Percentile = 0.99 }.Warnings(400));
        Assert.Single(new Beatrix { ImagesPerClass = 20, Percentile = 0.9 }.Warnings(400));
    }

    // Images of one position and two channels, one after another.
    private static Tensor Maps(int positions, params float[] values) =>
        tensor(values, [values.Length / (2 * positions), 2, positions, 1]);

    private static double[] Entries(int positions, params float[] values) =>
        TwoChannels.Of(Maps(positions, values)).data<double>().ToArray();
}
