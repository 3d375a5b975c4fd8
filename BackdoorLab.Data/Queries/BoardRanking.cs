namespace BackdoorLab.Data.Queries;

/// <summary>Where a defense stands among those it is compared with.</summary>
/// <param name="Defense">Label.</param>
/// <param name="MeanRank">
/// Mean of its ranks over the shared rows, 1 is best; ties share the mean of their places.
/// </param>
/// <param name="Wins">Number of shared rows in which it is best, alone or with others.</param>
public sealed record BoardRank(string Defense, double MeanRank, int Wins);

/// <summary>Share of cells that have a number.</summary>
/// <param name="Values">Cells with one.</param>
/// <param name="Cells">All cells.</param>
/// <param name="Without">Cells without one, by what they are; a pair that no run planned is not run.</param>
public sealed record BoardCoverage(int Values, int Cells, IReadOnlyDictionary<Outcome, int> Without)
{
    /// <summary>0..1; 0 for an empty board.</summary>
    public double Share => Cells == 0 ? 0 : (double)Values / Cells;
}

/// <summary>Whether a cell may be best.</summary>
public enum BoardStanding
{
    /// <summary>It has no number to compare.</summary>
    None,

    /// <summary>It may.</summary>
    Competes,

    /// <summary>It judges, and what it says of a clean model was not measured.</summary>
    TwinNotMeasured,

    /// <summary>
    /// It judges no better than chance: Youden's index is not above 0, or every clean input or model is an alarm.
    /// </summary>
    TwinFires,
}

/// <summary>
/// Best, ranks and coverage of a board. The undefended model is no competitor. A defense that judges is best by
/// detection and false alarms together: its score for either is Youden's index (detection less false alarms of the same
/// run), and where its benign twin fires, or was not measured, it is best by no metric, for whoever rejects everything
/// also leaves no attack.
/// </summary>
public static class BoardRanking
{
    /// <summary>
    /// Whether a defense has measurements, but none of this metric: it is of another kind and no column of this board.
    /// </summary>
    public static bool IsSilent(Board board, string defense)
    {
        ArgumentNullException.ThrowIfNull(board);
        var cells = board.Cells.Where(cell => cell.Defense == defense).ToList();
        return cells.All(cell => cell is { Value: null, Damaged: 0, Undecided: 0 })
            && cells.Exists(cell => cell.Outcome == Outcome.Value);
    }

    /// <summary>
    /// Whether Youden's index stands for the metric: detection or false alarms alone are half a judgement.
    /// </summary>
    public static bool IsByYouden(Board board)
    {
        ArgumentNullException.ThrowIfNull(board);
        return Judging.OfModels.Has(board.Filter.Metric) || Judging.OfSamples.Has(board.Filter.Metric);
    }

    /// <summary>Whether a cell may be best, and if not, why.</summary>
    /// <param name="cell">Cell, or null for one that was not planned.</param>
    public static BoardStanding Standing(Board board, BoardCell? cell)
    {
        ArgumentNullException.ThrowIfNull(board);
        return cell switch
        {
            null or { Value: null } or { Defense: KnownLabels.Undefended } => BoardStanding.None,
            { Detection: null, Alarms: null } => BoardStanding.Competes,
            { Youden: null } => BoardStanding.TwinNotMeasured,
            { Youden.Mean: <= 0 } or { Alarms.Mean: >= 1 } => BoardStanding.TwinFires,
            _ => BoardStanding.Competes,
        };
    }

    /// <summary>
    /// The best defenses of a row; empty when fewer than two are compared, or none of them may be best.
    /// </summary>
    /// <param name="defenses">Columns that are compared.</param>
    public static IReadOnlyList<string> Best(Board board, string row, IEnumerable<string> defenses, bool higherIsBetter)
    {
        ArgumentNullException.ThrowIfNull(board);
        var compared = Compared(defenses).Where(defense => board.Find(row, defense)?.Value is not null).ToList();
        var scores = compared
            .Where(defense => Standing(board, board.Find(row, defense)) == BoardStanding.Competes)
            .ToDictionary(defense => defense, defense => Score(board, row, defense, higherIsBetter)!.Value);
        return compared.Count < 2 || scores.Count == 0
            ? []
            : [.. scores.Where(entry => entry.Value.Equals(scores.Values.Max())).Select(entry => entry.Key)];
    }

    /// <summary>Rows in which every compared defense has a score: only these may decide a rank.</summary>
    /// <param name="defenses">Columns that are compared.</param>
    public static IReadOnlyList<string> SharedRows(Board board, IEnumerable<string> defenses)
    {
        ArgumentNullException.ThrowIfNull(board);
        var compared = Compared(defenses).ToList();
        return compared.Count < 2
            ? []
            :
            [
                .. board.Rows.Where(row =>
                    compared.TrueForAll(defense => Score(board, row, defense, true) is not null)
                ),
            ];
    }

    /// <summary>Ranks over the shared rows, best first; empty when no row is shared.</summary>
    /// <param name="defenses">Columns that are compared.</param>
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
            var scores = compared.ToDictionary(
                defense => defense,
                defense => Score(board, row, defense, higherIsBetter)!.Value
            );
            var best = Best(board, row, compared, higherIsBetter);
            foreach (var (defense, score) in scores)
            {
                var ahead = scores.Values.Count(other => other > score);
                var level = scores.Values.Count(other => other.Equals(score));
                var (sum, wins) = ranks[defense];
                ranks[defense] = (sum + ahead + ((level + 1) / 2.0), wins + (best.Contains(defense) ? 1 : 0));
            }
        }

        return
        [
            .. ranks
                .Select(entry => new BoardRank(entry.Key, entry.Value.Sum / shared.Count, entry.Value.Wins))
                .OrderBy(rank => rank.MeanRank)
                .ThenBy(rank => rank.Defense, StringComparer.Ordinal),
        ];
    }

    /// <summary>How much of the board is filled.</summary>
    /// <param name="defenses">Columns that are shown.</param>
    public static BoardCoverage Coverage(Board board, IReadOnlyCollection<string> defenses)
    {
        ArgumentNullException.ThrowIfNull(board);
        var cells = board.Rows.SelectMany(row => defenses.Select(defense => board.Find(row, defense))).ToList();
        return new(
            cells.Count(cell => cell?.Value is not null),
            cells.Count,
            cells.Where(cell => cell?.Value is null).CountBy(cell => cell?.Outcome ?? Outcome.NotRun).ToDictionary()
        );
    }

    // Higher is better. Of a defense that judges, detection and false alarms of the same runs together.
    private static double? Score(Board board, string row, string defense, bool higherIsBetter) =>
        board.Find(row, defense) is not { Value: { } value } cell ? null
        : IsByYouden(board) ? cell.Youden?.Mean
        : higherIsBetter ? value.Mean
        : -value.Mean;

    private static IEnumerable<string> Compared(IEnumerable<string> defenses) =>
        defenses.Where(defense => defense != KnownLabels.Undefended);
}
