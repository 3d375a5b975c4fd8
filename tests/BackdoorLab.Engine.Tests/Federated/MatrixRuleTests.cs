using BackdoorLab.Engine.Federated;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Federated;

/// <summary>Median, trimmed mean, Krum and the geometric median on numbers worked out by hand.</summary>
[Collection("torch")]
public sealed class MatrixRuleTests
{
    // Squared distances to the two nearest others (n - f - 2 = 5 - 1 - 2): 0: 1 + 4; 1: 1 + 1; 2: 1 + 4; 4: 4 + 9; 100:
    // 96^2 + 98^2.
    private static readonly float[][] Line =
    [
        [0],
        [1],
        [2],
        [4],
        [100],
    ];

    [Fact]
    public void Gram_OfTwoVectors_GivesLengthsDistancesAndAngles()
    {
        using var scope = NewDisposeScope();
        // (3, 4) and (0, 2): products 25, 8, 4; distance^2 9 + 4; cosine 8 / (5 * 2)
        var gram = GramMatrix.Of(Rounds.Rows([3, 4], [0, 2], [0, 0]));

        Assert.Equal(5, gram.Norm(0), 1e-12);
        Assert.Equal(8, gram.Product(1, 0), 1e-12);
        Assert.Equal(13, gram.SquaredDistance(0, 1), 1e-12);
        Assert.Equal(0.8, gram.Cosine(0, 1), 1e-12);
        Assert.Equal(0, gram.Cosine(0, 2));
    }

    [Fact]
    public void Gram_OfVectorsLongerThanABlock_CountsEveryCoordinate()
    {
        using var scope = NewDisposeScope();
        var vectors = ones(2, 140_001);

        Assert.Equal(140_001, GramMatrix.Of(vectors).Product(0, 1));
        Assert.Equal(140_001, GramMatrix.Of([vectors.select(0, 0), vectors.select(0, 1)]).Product(0, 1));
    }

    [Theory]
    [InlineData(false, 3, -1)]
    [InlineData(true, 4, 0.5)]
    public void Median_EvenNumberOfClients_IsTheLowerMiddleOrTheMeanOfBoth(bool average, double first, double second) =>
        // 1 3 5 9 and -8 -1 2 4
        Rounds.AssertEqual(
            [first, second],
            Rounds
                .Run(
                    new CoordinateMedian { AverageMiddle = average },
                    [
                        [1, 4],
                        [9, -1],
                        [3, 2],
                        [5, -8],
                    ]
                )
                .Step
        );

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Median_OddNumberOfClients_IsTheMiddle(bool average) =>
        Rounds.AssertEqual(
            [2, 0],
            Rounds
                .Run(
                    new CoordinateMedian { AverageMiddle = average },
                    [
                        [2, 0],
                        [100, -7],
                        [1, 3],
                    ]
                )
                .Step
        );

    [Fact]
    public void Median_OfVectorsLongerThanABlock_CoversTheLastCoordinate()
    {
        using var scope = NewDisposeScope();
        var rows = zeros(3, 65_537);
        rows[1, 65_536] = 5;
        rows[2, 65_536] = 7;

        Assert.Equal(5, Rounds.Values(RobustMeans.Median(rows, averageMiddle: false))[^1]);
    }

    [Theory]
    [InlineData(0, 22, -8.2)]
    [InlineData(0.1, 3, 4.0 / 3)]
    [InlineData(0.2, 3, 4.0 / 3)]
    [InlineData(0.4, 3, 0)]
    public void TrimmedMean_Share_LeavesOutSoManyAtEachEndRoundedUp(double share, double first, double second) =>
        // 1 2 3 4 100 and -50 0 0 4 5
        Rounds.AssertEqual(
            [first, second],
            Rounds
                .Run(
                    new TrimmedMean { TrimShare = share },
                    [
                        [4, 0],
                        [1, 5],
                        [100, -50],
                        [2, 4],
                        [3, 0],
                    ]
                )
                .Step
        );

    [Theory]
    [InlineData(0.1, 10, 1)]
    [InlineData(0.07, 100, 7)]
    [InlineData(0.1, 11, 2)]
    [InlineData(0, 40, 0)]
    public void TrimmedMean_WholeShares_AreNotRoundedUpByTheirBinaryForm(double share, int clients, int expected) =>
        Assert.Equal(expected, new TrimmedMean { TrimShare = share }.Trim(clients));

    [Fact]
    public void KrumScores_OnALine_AreSumsOfTheNearestSquaredDistances()
    {
        using var scope = NewDisposeScope();
        var rows = Rounds.Rows(Line);

        Rounds.AssertEqual([5, 2, 5, 13, 18820], RobustMeans.KrumScores(rows, attackers: 1), 1e-6);
        Assert.Equal(1, RobustMeans.Krum(rows, attackers: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RobustMeans.KrumScores(rows, attackers: 3));
    }

    [Fact]
    public void Krum_OnALine_IsTheUpdateWithTheLowestScore()
    {
        var (step, trust) = Rounds.Run(new Krum(), Line, attackers: 1, weights: [9, 1, 9, 9, 9]);

        Rounds.AssertEqual([1], step);
        Assert.Equal([0, 1, 0, 0, 0], trust);
    }

    [Theory]
    [InlineData(0, 1.75)]
    [InlineData(3, 1)]
    [InlineData(1, 1)]
    [InlineData(5, 21.4)]
    public void MultiKrum_Selected_AveragesTheLowestScores(int selected, double expected) =>
        // by score 1, 0, 2, 4, 100; n - f = 4 of them: 7 / 4
        Rounds.AssertEqual([expected], Rounds.Run(new MultiKrum { Selected = selected }, Line, attackers: 1).Step);

    [Fact]
    public void MultiKrum_MoreSelectedThanClients_SaysSo() =>
        Assert.Contains(
            "lower selected to at most 9",
            new MultiKrum { Selected = 12 }.Fault(9, 2)!,
            StringComparison.Ordinal
        );

    [Fact]
    public void Krum_AttackerThatSendsNothingUsable_CountsAsOneOfTheAssumed()
    {
        // Six announced with f = 2, of which one is missing: n - f - 2 = 5 - 1 - 2 = 2 neighbours, the scores of the
        // line.
        var (step, _) = Rounds.Run(new MultiKrum(), Line, attackers: 2, announced: 6);

        Rounds.AssertEqual([1.75], step);
    }

    [Theory]
    [InlineData(1, 0, 0.6)]
    [InlineData(2, 0, 1.0 / 3)]
    [InlineData(3, 0, 3 * 0.375 / 6.375)]
    [InlineData(4, 0.1, 1.0 / 3)]
    public void Rfa_ThreePointsOnALine_FollowsWeiszfeld(int iterations, double tolerance, double expected)
    {
        // 0 0 3, mean 1. Distances 1 1 2: weights 1 1 1/2, v = 1.5 / 2.5 = 0.6. Distances 0.6 0.6 2.4: weights 5/3 5/3
        // 5/12, v = 1.25 / 3.75. Distances 1/3 1/3 8/3: weights 3 3 3/8, v = 1.125 / 6.375. Objectives 4/3, 1.2, 10/9:
        // the second step changes by 8 %.
        var rule = new GeometricMedian { Iterations = iterations, Tolerance = tolerance };
        var (step, trust) = Rounds.Run(
            rule,
            [
                [0],
                [0],
                [3],
            ]
        );

        Rounds.AssertEqual([expected], step);
        Rounds.AssertEqual([(1 - (expected / 3)) / 2, (1 - (expected / 3)) / 2, expected / 3], trust);
    }

    [Fact]
    public void Rfa_Samples_CountAsThatManyClients() =>
        Rounds.AssertEqual(
            [1.0 / 3],
            Rounds
                .Run(
                    new GeometricMedian { Iterations = 2 },
                    [
                        [0],
                        [3],
                    ],
                    weights: [2, 1]
                )
                .Step
        );

    [Fact]
    public void Rfa_SmoothingBeyondAllDistances_StaysAtTheMean() =>
        Rounds.AssertEqual(
            [1],
            Rounds
                .Run(
                    new GeometricMedian { Smoothing = 2.5 },
                    [
                        [0],
                        [0],
                        [3],
                    ]
                )
                .Step
        );
}
