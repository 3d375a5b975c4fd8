namespace BackdoorLab.Data;

/// <summary>Where a defense stands among those it is compared with.</summary>
/// <param name="Defense">Label.</param>
/// <param name="MeanRank">Mean of its ranks over the shared rows, 1 is best; ties share the mean of their places.</param>
/// <param name="Wins">Number of shared rows in which it is best, alone or with others.</param>
public sealed record BoardRank(string Defense, double MeanRank, int Wins);

/// <summary>Share of cells that have a number.</summary>
/// <param name="Values">Cells with one.</param>
/// <param name="Cells">All cells.</param>
/// <param name="Without">Cells without one, by what they are; a pair that no run planned is not run.</param>
public sealed record BoardCoverage(int Values, int Cells, IReadOnlyDictionary<CellOutcome, int> Without)
{
    /// <summary>0..1; 0 for an empty board.</summary>
    public double Share => Cells == 0 ? 0 : (double)Values / Cells;
}

/// <summary>Best, ranks and coverage of a board. The undefended model is no competitor.</summary>
public static class BoardRanking
{
    /// <summary>Whether a defense has measurements, but none of this metric: it is of another kind and no column of this board.</summary>
    /// <param name="board">Board.</param>
    /// <param name="defense">Label.</param>
    public static bool IsSilent(Board board, string defense)
    {
        ArgumentNullException.ThrowIfNull(board);
        var cells = board.Cells.Where(cell => cell.Defense == defense).ToList();
        return cells.All(cell => cell.Value is null) && cells.Exists(cell => cell.Outcome == CellOutcome.Value);
    }

    /// <summary>The defenses with the best mean of a row; empty when fewer than two have one.</summary>
    /// <param name="board">Board.</param>
    /// <param name="row">Row.</param>
    /// <param name="defenses">Columns that are compared.</param>
    /// <param name="higherIsBetter">Direction of the metric.</param>
    public static IReadOnlyList<string> Best(Board board, string row, IEnumerable<string> defenses, bool higherIsBetter)
    {
        ArgumentNullException.ThrowIfNull(board);
        var means = Compared(defenses)
            .Select(defense => (defense, Mean: board.Find(row, defense)?.Value?.Mean))
            .Where(entry => entry.Mean is not null)
            .ToList();
        if (means.Count < 2)
        {
            return [];
        }

        var best = higherIsBetter ? means.Max(entry => entry.Mean) : means.Min(entry => entry.Mean);
        return [.. means.Where(entry => entry.Mean == best).Select(entry => entry.defense)];
    }

    /// <summary>Rows in which every compared defense has a value: only these may decide a rank.</summary>
    /// <param name="board">Board.</param>
    /// <param name="defenses">Columns that are compared.</param>
    public static IReadOnlyList<string> SharedRows(Board board, IEnumerable<string> defenses)
    {
        ArgumentNullException.ThrowIfNull(board);
        var compared = Compared(defenses).ToList();
        return compared.Count < 2 ? [] : [.. board.Rows.Where(row => compared.TrueForAll(defense => board.Find(row, defense)?.Value is not null))];
    }

    /// <summary>Ranks over the shared rows, best first; empty when no row is shared.</summary>
    /// <param name="board">Board.</param>
    /// <param name="defenses">Columns that are compared.</param>
    /// <param name="higherIsBetter">Direction of the metric.</param>
    public static IReadOnlyList<BoardRank> Ranks(Board board, IEnumerable<string> defenses, bool higherIsBetter)
    {
        var compared = Compared(defenses).ToList();
        var shared = SharedRows(board, compared);
        if (shared.Count == 0)
        {
            return [];
        }

        var ranks = compared.ToDictionary(defense => defense, _ => (Sum: 0.0, Wins: 0));
        foreach (var row in shared)
        {
            var scores = compared.ToDictionary(defense => defense, defense => board.Find(row, defense)!.Value!.Mean * (higherIsBetter ? 1 : -1));
            foreach (var (defense, score) in scores)
            {
                var ahead = scores.Values.Count(other => other > score);
                var level = scores.Values.Count(other => other.Equals(score));
                var (sum, wins) = ranks[defense];
                ranks[defense] = (sum + ahead + ((level + 1) / 2.0), wins + (ahead == 0 ? 1 : 0));
            }
        }

        return
        [
            .. ranks.Select(entry => new BoardRank(entry.Key, entry.Value.Sum / shared.Count, entry.Value.Wins))
                .OrderBy(rank => rank.MeanRank).ThenBy(rank => rank.Defense, StringComparer.Ordinal),
        ];
    }

    /// <summary>How much of the board is filled.</summary>
    /// <param name="board">Board.</param>
    /// <param name="defenses">Columns that are shown.</param>
    public static BoardCoverage Coverage(Board board, IReadOnlyCollection<string> defenses)
    {
        ArgumentNullException.ThrowIfNull(board);
        var cells = board.Rows.SelectMany(row => defenses.Select(defense => board.Find(row, defense))).ToList();
        return new(
            cells.Count(cell => cell?.Value is not null),
            cells.Count,
            cells.Where(cell => cell?.Value is null).CountBy(cell => cell?.Outcome ?? CellOutcome.NotRun).ToDictionary());
    }

    private static IEnumerable<string> Compared(IEnumerable<string> defenses) => defenses.Where(defense => defense != ResultWords.Undefended);
}
