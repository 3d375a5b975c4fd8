namespace BackdoorLab.Data.Tests;

/// <summary>Best, ranks and coverage on a board written down here.</summary>
public sealed class BoardRankingTests
{
    private static readonly BoardFilter Filter = new() { Dataset = "gtsrb", Model = "res-net8", PoisonRate = 0.1, Metric = "detection-rate" };

    // Rows a, b, c; nobody planned gamma against c, and beta failed against b.
    private static readonly Board Sample = Make(
        ("a", "", null), ("a", "alpha", 0.9), ("a", "beta", 0.9), ("a", "gamma", 0.2),
        ("b", "", null), ("b", "alpha", 0.1), ("b", "beta", double.NaN), ("b", "gamma", 0.8),
        ("c", "", null), ("c", "alpha", 0.5), ("c", "beta", 0.6));

    private static readonly string[] All = ["", "alpha", "beta", "gamma"];

    [Fact]
    public void Best_OfARow_IsTheExtremeInTheMetricsDirectionAndTiesShareIt()
    {
        Assert.Equal(["alpha", "beta"], BoardRanking.Best(Sample, "a", All, higherIsBetter: true));
        Assert.Equal(["gamma"], BoardRanking.Best(Sample, "a", All, higherIsBetter: false));
        Assert.Equal(["beta"], BoardRanking.Best(Sample, "c", All, higherIsBetter: true));
    }

    [Fact]
    public void Best_OfASingleDefense_IsNobody() => Assert.Empty(BoardRanking.Best(Sample, "a", ["", "alpha"], higherIsBetter: true));

    [Fact]
    public void Ranks_OfAll_CountOnlyRowsThatAllHave()
    {
        Assert.Equal(["a"], BoardRanking.SharedRows(Sample, All));

        var ranks = BoardRanking.Ranks(Sample, All, higherIsBetter: true);

        Assert.Equal([("alpha", 1.5, 1), ("beta", 1.5, 1), ("gamma", 3.0, 0)], ranks.Select(rank => (rank.Defense, rank.MeanRank, rank.Wins)));
    }

    [Fact]
    public void Ranks_OfTwo_AreMeansOverTheirSharedRows()
    {
        // Against a alpha is first; against b gamma is.
        Assert.Equal([("alpha", 1.5, 1), ("gamma", 1.5, 1)], BoardRanking.Ranks(Sample, ["alpha", "gamma"], true).Select(rank => (rank.Defense, rank.MeanRank, rank.Wins)));

        // Against a they are level (1.5 each); against c beta is first.
        Assert.Equal([("beta", 1.25, 2), ("alpha", 1.75, 1)], BoardRanking.Ranks(Sample, ["alpha", "beta"], true).Select(rank => (rank.Defense, rank.MeanRank, rank.Wins)));
    }

    [Fact]
    public void Ranks_WithoutASharedRow_AreNone() => Assert.Empty(BoardRanking.Ranks(Make(("a", "alpha", 1), ("b", "beta", 1)), All, true));

    [Fact]
    public void Coverage_CountsEveryPairOnce()
    {
        var coverage = BoardRanking.Coverage(Sample, ["alpha", "beta", "gamma"]);

        Assert.Equal((7, 9), (coverage.Values, coverage.Cells));
        Assert.Equal(7 / 9.0, coverage.Share, 12);
        Assert.Equal((1, 1), (coverage.Without[CellOutcome.Failed], coverage.Without[CellOutcome.NotRun]));
        Assert.Equal(0, BoardRanking.Coverage(Make(), []).Share);
    }

    [Fact]
    public void Silent_IsADefenseWithValuesOfOtherMetricsOnly()
    {
        Assert.True(BoardRanking.IsSilent(Sample, ""));
        Assert.False(BoardRanking.IsSilent(Sample, "beta"));
    }

    /// <summary>Null: a value without this metric. NaN: failed.</summary>
    private static Board Make(params (string Row, string Defense, double? Value)[] cells) => new(
        Filter,
        [.. cells.Select(cell => cell.Row).Distinct()],
        [.. cells.Select(cell => cell.Defense).Distinct()],
        [
            .. cells.Select(cell => new BoardCell
            {
                Row = cell.Row,
                Defense = cell.Defense,
                Value = cell.Value is { } value && double.IsFinite(value) ? new(1, value, null, value, value, false) : null,
                Outcomes = new Dictionary<CellOutcome, int> { [cell.Value is { } other && double.IsNaN(other) ? CellOutcome.Failed : CellOutcome.Value] = 1 },
            }),
        ],
        1);
}
