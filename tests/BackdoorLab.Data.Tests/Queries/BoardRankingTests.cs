namespace BackdoorLab.Data.Tests.Queries;

/// <summary>Best, ranks and coverage on a board written down here.</summary>
public sealed class BoardRankingTests
{
    private static readonly BoardFilter Filter = new()
    {
        Dataset = "gtsrb",
        Model = "res-net8",
        PoisonRate = 0.1,
        Metric = "auroc",
    };

    // Rows a, b, c; nobody planned gamma against c, and beta failed against b.
    private static readonly Board Sample = Make(
        ("a", "", null),
        ("a", "alpha", 0.9),
        ("a", "beta", 0.9),
        ("a", "gamma", 0.2),
        ("b", "", null),
        ("b", "alpha", 0.1),
        ("b", "beta", double.NaN),
        ("b", "gamma", 0.8),
        ("c", "", null),
        ("c", "alpha", 0.5),
        ("c", "beta", 0.6)
    );

    private static readonly string[] All = ["", "alpha", "beta", "gamma"];

    [Fact]
    public void Best_OfARow_IsTheExtremeInTheMetricsDirectionAndTiesShareIt()
    {
        Assert.Equal(["alpha", "beta"], BoardRanking.Best(Sample, "a", All, higherIsBetter: true));
        Assert.Equal(["gamma"], BoardRanking.Best(Sample, "a", All, higherIsBetter: false));
        Assert.Equal(["beta"], BoardRanking.Best(Sample, "c", All, higherIsBetter: true));
    }

    [Fact]
    public void Best_OfASingleDefense_IsNobody() =>
        Assert.Empty(BoardRanking.Best(Sample, "a", ["", "alpha"], higherIsBetter: true));

    [Fact]
    public void Ranks_OfAll_CountOnlyRowsThatAllHave()
    {
        Assert.Equal(["a"], BoardRanking.SharedRows(Sample, All));

        var ranks = BoardRanking.Ranks(Sample, All, higherIsBetter: true);

        Assert.Equal(
            [("alpha", 1.5, 1), ("beta", 1.5, 1), ("gamma", 3.0, 0)],
            ranks.Select(rank => (rank.Defense, rank.MeanRank, rank.Wins))
        );
    }

    [Fact]
    public void Ranks_OfTwo_AreMeansOverTheirSharedRows()
    {
        // Against a alpha is first; against b gamma is.
        Assert.Equal(
            [("alpha", 1.5, 1), ("gamma", 1.5, 1)],
            BoardRanking
                .Ranks(Sample, ["alpha", "gamma"], true)
                .Select(rank => (rank.Defense, rank.MeanRank, rank.Wins))
        );

        // Against a they are level (1.5 each); against c beta is first.
        Assert.Equal(
            [("beta", 1.25, 2), ("alpha", 1.75, 1)],
            BoardRanking.Ranks(Sample, ["alpha", "beta"], true).Select(rank => (rank.Defense, rank.MeanRank, rank.Wins))
        );
    }

    [Fact]
    public void Ranks_WithoutASharedRow_AreNone() =>
        Assert.Empty(BoardRanking.Ranks(Make(("a", "alpha", 1), ("b", "beta", 1)), All, true));

    // Detection, and false alarms on the twin; null where the twin was not measured.
    [Theory]
    [InlineData(1.0, 1.0, 0.6, 0.1, "beta")]
    [InlineData(0.9, 0.5, 0.6, 0.1, "beta")]
    [InlineData(0.9, 0.2, 0.6, 0.1, "alpha")]
    [InlineData(1.0, null, 0.6, 0.1, "beta")]
    [InlineData(1.0, 1.0, 0.1, 0.2, "")]
    [InlineData(1.0, null, 0.9, null, "")]
    public void Best_OfDefensesThatJudge_IsByDetectionLessFalseAlarms(
        double alpha,
        double? alphaAlarms,
        double beta,
        double? betaAlarms,
        string expected
    )
    {
        var board = new Board(
            Filter with
            {
                Metric = Metric.DetectionRate.Id,
            },
            ["a"],
            ["alpha", "beta"],
            [Judge("alpha", alpha, alphaAlarms), Judge("beta", beta, betaAlarms)],
            1
        );

        Assert.Equal(
            expected,
            string.Join(' ', BoardRanking.Best(board, "a", ["alpha", "beta"], higherIsBetter: true))
        );

        // By any other metric too, nobody is best whose twin fires: whoever rejects everything leaves no attack.
        var other = board with
        {
            Filter = Filter with { Metric = "filtered-attack-success-rate" },
        };
        Assert.DoesNotContain(
            "alpha",
            alphaAlarms is < 1 ? [] : BoardRanking.Best(other, "a", ["alpha", "beta"], higherIsBetter: false)
        );
    }

    [Fact]
    public void Ranks_OfDefensesThatJudge_NeedTheTwin()
    {
        Board Of(double? alarms) =>
            new(
                Filter with
                {
                    Metric = Metric.DetectionRate.Id,
                },
                ["a"],
                ["alpha", "beta"],
                [Judge("alpha", 1, alarms), Judge("beta", 0.5, 0)],
                1
            );

        Assert.Empty(BoardRanking.Ranks(Of(null), ["alpha", "beta"], true));
        Assert.Equal(
            [("beta", 1.0, 1), ("alpha", 2.0, 0)],
            BoardRanking.Ranks(Of(1), ["alpha", "beta"], true).Select(rank => (rank.Defense, rank.MeanRank, rank.Wins))
        );
    }

    private static BoardCell Judge(string defense, double detection, double? alarms)
    {
        SeedStat Stat(double value) => new(1, value, null, value, value, 0);
        return new()
        {
            Row = "a",
            Defense = defense,
            Value = Stat(detection),
            Detection = Stat(detection),
            Alarms = alarms is { } known ? Stat(known) : null,
            Youden = alarms is { } less ? Stat(detection - less) : null,
            Outcomes = new Dictionary<Outcome, int> { [Outcome.Value] = 1 },
        };
    }

    [Fact]
    public void Coverage_CountsEveryPairOnce()
    {
        var coverage = BoardRanking.Coverage(Sample, ["alpha", "beta", "gamma"]);

        Assert.Equal((7, 9), (coverage.Values, coverage.Cells));
        Assert.Equal(7 / 9.0, coverage.Share, 12);
        Assert.Equal((1, 1), (coverage.Without[Outcome.Failed], coverage.Without[Outcome.NotRun]));
        Assert.Equal(0, BoardRanking.Coverage(Make(), []).Share);
    }

    [Fact]
    public void Silent_IsADefenseWithValuesOfOtherMetricsOnly()
    {
        Assert.True(BoardRanking.IsSilent(Sample, ""));
        Assert.False(BoardRanking.IsSilent(Sample, "beta"));
    }

    /// <summary>Null: a value without this metric. NaN: failed.</summary>
    private static Board Make(params (string Row, string Defense, double? Value)[] cells) =>
        new(
            Filter,
            [.. cells.Select(cell => cell.Row).Distinct()],
            [.. cells.Select(cell => cell.Defense).Distinct()],
            [
                .. cells.Select(cell => new BoardCell
                {
                    Row = cell.Row,
                    Defense = cell.Defense,
                    Value =
                        cell.Value is { } value && double.IsFinite(value) ? new(1, value, null, value, value, 0) : null,
                    Outcomes = new Dictionary<Outcome, int>
                    {
                        [cell.Value is { } other && double.IsNaN(other) ? Outcome.Failed : Outcome.Value] = 1,
                    },
                }),
            ],
            1
        );
}
