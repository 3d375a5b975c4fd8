using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>FedAvg, norm clipping, RLR and the vote of signs on numbers worked out by hand.</summary>
[Collection("torch")]
public sealed class RunningRuleTests
{
    // Votes on the coordinates: 5 of 5; 4 and one abstention; 4 against 1, where the one has 6 of the 10 samples.
    private static readonly float[][] Disputed =
    [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
        [1, 0, -1],
    ];
    private static readonly double[] Samples = [1, 1, 1, 1, 6];

    [Fact]
    public void FedAvg_TwoClients_IsTheMeanBySamples()
    {
        // (1 (1, 2) + 2 (4, 6)) / 3 = (9, 14) / 3
        var (step, trust) = Rounds.Run(
            new FedAvg(),
            [
                [1, 2],
                [4, 6],
            ],
            weights: [1, 2]
        );

        Rounds.AssertEqual([3, 14.0 / 3], step);
        Rounds.AssertEqual([1.0 / 3, 2.0 / 3], trust);
    }

    [Fact]
    public void NormClipping_LongUpdate_IsShortenedToTheBound()
    {
        // |(3, 4)| = 5 becomes (1.2, 1.6) at bound 2; |(0, 1)| stays: (1 (1.2, 1.6) + 3 (0, 1)) / 4
        var (step, trust) = Rounds.Run(
            new NormClipping(),
            [
                [3, 4],
                [0, 1],
            ],
            weights: [1, 3]
        );

        Rounds.AssertEqual([0.3, 1.15], step);
        Rounds.AssertEqual([0.25, 0.75], trust);
    }

    [Fact]
    public void NormClipping_AnotherBound_IsRespected() =>
        // (3, 4) at bound 2.5 is (1.5, 2); a zero update has no length to shorten
        Rounds.AssertEqual(
            [0.75, 1],
            Rounds
                .Run(
                    new NormClipping { Bound = 2.5 },
                    [
                        [3, 4],
                        [0, 0],
                    ]
                )
                .Step
        );

    [Fact]
    public void NormClipping_WithNoise_AddsThatDeviationFromTheRoundsSeeds()
    {
        float[][] nothing = [new float[20_000], new float[20_000]];
        var rule = new NormClipping { NoiseDeviation = 0.5 };
        var noise = Rounds.Run(rule, nothing).Step;

        Assert.InRange(Rounds.Deviation(noise.Select(value => (double)value)), 0.49, 0.51);
        Assert.Equal(noise, Rounds.Run(rule, nothing).Step);
        Assert.NotEqual(noise, Rounds.Run(rule, nothing, seed: 2).Step);
    }

    [Theory]
    [InlineData(0, 1, 0.4, -0.2)]
    [InlineData(4, 1, 0.4, 0.2)]
    [InlineData(5, 1, -0.4, 0.2)]
    public void Rlr_SumOfSignsBelowTheThreshold_ReversesTheMean(
        int threshold,
        double agreed,
        double abstained,
        double disputed
    ) =>
        // means by samples: 10/10, 4/10, (4 - 6)/10; sums of signs: 5, 4, 3
        Rounds.AssertEqual(
            [agreed, abstained, disputed],
            Rounds.Run(new Rlr { Threshold = threshold }, Disputed, weights: Samples).Step
        );

    [Fact]
    public void Rlr_TooFewUsableUpdates_SaysSo()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Rounds.Run(new Rlr(), Disputed[..3], announced: 10));

        Assert.Contains("Only 3 of 10 clients", error.Message, StringComparison.Ordinal);
        Assert.Contains("lower threshold to at most 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sign_Votes_DecideByMajorityWithoutSamples() =>
        // sums of signs: 3, 1 + 1 - 1, 1 - 1 + 0, 0 - 1 + 0
        Rounds.AssertEqual(
            [1, 1, 0, -1],
            Rounds
                .Run(
                    new SignAggregation(),
                    [
                        [5, 1, 2, 0],
                        [1, 1, -9, -3],
                        [0.1f, -8, 0, 0],
                    ],
                    weights: [1, 1, 50]
                )
                .Step
        );
}
