using System.Globalization;

namespace BackdoorLab.Engine.Federated;

/// <summary>The pictures of a federated training.</summary>
public static class FederationFigures
{
    private const string Diverged = "diverged";

    /// <summary>Curves over rounds, masks, votes, clients, cost.</summary>
    /// <param name="history">A finished training.</param>
    /// <param name="federation">Its settings.</param>
    public static IReadOnlyList<Figure> Of(FederationHistory history, Federation federation)
    {
        List<Figure> figures = [Curves(history), .. federation.Figures(history)];
        var last = history.Rounds[^1];
        if (history.Similarity.Count > 0)
        {
            int[] clients = [.. last.Clients.Where(client => !client.Excluded).Select(client => client.Client)];
            int[] order = [.. Enumerable.Range(0, clients.Length).OrderBy(turn => clients[turn])];
            string[] names = [.. order.Select(turn => Name(clients[turn], history.Attackers))];
            figures.Add(
                new HeatmapFigure(
                    "Similarity of updates in the last round",
                    "client",
                    "client",
                    names,
                    names,
                    [.. order.Select(row => Array.ConvertAll(order, column => history.Similarity[row][column]))]
                )
                {
                    Note =
                        "Cosine of the angle between two clients' updates; an attacker whose update points elsewhere stands apart.",
                }
            );
        }

        figures.Add(Clients(history, last));
        if (history.Poison.Count > 0)
        {
            figures.Add(Poison(history));
        }

        if (history.Dealt is { } dealt)
        {
            figures.Add(Dealt(dealt));
        }

        figures.Add(Holdings(history));
        figures.Add(Cost(history));
        return figures;
    }

    /// <summary>"3", or "0 (attacker)".</summary>
    internal static string Name(int client, int attackers) =>
        client.ToString(CultureInfo.InvariantCulture) + (client < attackers ? " (attacker)" : "");

    private static LineFigure Curves(FederationHistory history)
    {
        var fused = history.Rounds.All(round => round.Fused is not null);
        var lines = fused
            ? Lines("", round => round.Fused!).Concat(Lines(", before fusion", round => round.Global))
            : Lines("", round => round.Global);
        return new LineFigure("Rounds", "round", "share of test images", [.. lines])
        {
            Note = fused
                ? "After consensus fusion, which is what is deployed, and before it; where the network tracks statistics of batch normalisation, those before it are computed anew from clean images, for the clients' belong to masked networks."
                : "",
        };

        IEnumerable<Series> Lines(string when, Func<RoundRecord, RoundMetrics> model) =>
            [
                .. Defined("benign accuracy" + when, history, round => model(round).BenignAccuracy),
                .. Defined("attack success" + when, history, round => model(round).AttackSuccessRate),
                .. Defined("robust accuracy" + when, history, round => model(round).RobustAccuracy),
            ];
    }

    /// <summary>
    /// A line over the rounds that have the value; none where no round has, for a share of nothing has no line.
    /// </summary>
    internal static IEnumerable<Series> Defined(
        string name,
        FederationHistory history,
        Func<RoundRecord, double?> value
    )
    {
        RoundRecord[] rounds = [.. history.Rounds.Where(round => value(round) is not null)];
        return rounds.Length == 0
            ? []
            :
            [
                new(
                    name,
                    [.. rounds.Select(round => (double)round.Round)],
                    [.. rounds.Select(round => value(round)!.Value)]
                ),
            ];
    }

    private static TableFigure Clients(FederationHistory history, RoundRecord last) =>
        new(
            "Clients in the last round",
            [
                "Client",
                "Images",
                "Poisoned",
                "Loss",
                "Norm of the update",
                "Weight in the aggregate",
                "Parameters sent",
                "Diverged in rounds",
            ],
            [
                .. last
                    .Clients.OrderBy(client => client.Client)
                    .Select(client =>
                        (string[])
                            [
                                Name(client.Client, history.Attackers),
                                Number(history.ClassCounts[client.Client].Sum()),
                                history.Poison.FirstOrDefault(attacker => attacker.Client == client.Client)
                                    is { } poison
                                    ? Number(poison.Poisoned)
                                    : "",
                                client.Loss?.ToString("0.000", CultureInfo.InvariantCulture) ?? Diverged,
                                client.Norm?.ToString("0.000", CultureInfo.InvariantCulture) ?? Diverged,
                                client.Trust?.ToString("0.000", CultureInfo.InvariantCulture) ?? "by coordinate",
                                Number(client.Active),
                                Number(
                                    history.Rounds.Count(round =>
                                        round.Clients.Any(other => other.Client == client.Client && other.Excluded)
                                    )
                                ),
                            ]
                    ),
            ]
        )
        {
            Note =
                "Attackers are marked for the evaluator; the server does not know them. A client diverges when its loss or update is not finite, or longer than float32 holds; it is left out of the round.",
        };

    private static TableFigure Poison(FederationHistory history) =>
        new(
            "Poison by attacker",
            ["Client", "Images", "That may be poisoned", "Poisoned", "Share of those", "Share of its images"],
            [
                .. history.Poison.Select(attacker =>
                    (string[])
                        [
                            attacker.Client.ToString(CultureInfo.InvariantCulture),
                            Number(attacker.Images),
                            Number(attacker.Candidates),
                            Number(attacker.Poisoned),
                            Share(attacker.Poisoned, attacker.Candidates),
                            Share(attacker.Poisoned, attacker.Images),
                        ]
                ),
            ]
        )
        {
            Note =
                "Achieved numbers. The poison rate counts images that may be poisoned (all-to-one: those of other classes than the target), rounded down to whole images for each attacker.",
        };

    private static TableFigure Dealt(DealtImages dealt) =>
        new(
            "How the images were dealt",
            ["", "Images"],
            [
                ["Training images", Number(dealt.Available)],
                ["Held by a client", Number(dealt.Used)],
                ["In whole batches of a pass", Number(dealt.PerPass)],
                ["Draws until every client had enough", Number(dealt.Draws)],
            ]
        )
        {
            Note = "A last batch that is not full is left out of a pass; the next pass shuffles anew.",
        };

    private static HeatmapFigure Holdings(FederationHistory history)
    {
        string[] classes =
        [
            .. Enumerable
                .Range(0, history.ClassCounts[0].Length)
                .Select(label => label.ToString(CultureInfo.InvariantCulture)),
        ];
        string[] clients =
        [
            .. Enumerable.Range(0, history.ClassCounts.Count).Select(client => Name(client, history.Attackers)),
        ];
        return new(
            "Images by client and label",
            "label as learnt",
            "client",
            classes,
            clients,
            [.. history.ClassCounts.Select(counts => Array.ConvertAll(counts, count => (double)count))]
        )
        {
            Note = "Labels as the clients learn them: poisoned images count for the target.",
        };
    }

    private static TableFigure Cost(FederationHistory history)
    {
        var rounds = history.Rounds;
        var dense = 4.0 * history.Parameters * rounds[0].Clients.Count;
        return new(
            "Cost of a round",
            ["", "Mean of a round", "Dense training"],
            [
                ["Uploaded", Megabytes(rounds.Average(round => (double)round.UploadBytes)), Megabytes(dense)],
                ["Downloaded", Megabytes(rounds.Average(round => (double)round.DownloadBytes)), Megabytes(dense)],
                [
                    "Parameters a client sends",
                    Number((long)rounds.Average(round => round.Clients.Average(client => client.Active))),
                    Number(history.Parameters),
                ],
                [
                    "Multiply-adds an image, zeros skipped",
                    Number((long)history.ActiveMultiplyAdds),
                    Number(history.MultiplyAdds),
                ],
                ["Clients' seconds", Seconds(rounds.Average(round => round.ClientSeconds)), ""],
                ["of it screening gradients", Seconds(rounds.Average(round => round.RecoverySeconds)), ""],
                [
                    "Seconds of work on masks, clients and server",
                    Seconds(rounds.Average(round => round.MaskSeconds)),
                    "",
                ],
                ["Server's seconds", Seconds(rounds.Average(round => round.ServerSeconds)), ""],
            ]
        )
        {
            Note =
                "Bytes of all clients together: four a parameter, and a bit a parameter for a mask, which publications leave out. No kernel here skips single zeros: the smaller multiply-adds are an ideal.",
        };
    }

    private static string Share(int part, int whole) =>
        whole == 0 ? "" : (part / (double)whole).ToString("0.0 %", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Megabytes(double bytes) => (bytes / 1e6).ToString("0.00 MB", CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => seconds.ToString("0.00", CultureInfo.InvariantCulture);
}
