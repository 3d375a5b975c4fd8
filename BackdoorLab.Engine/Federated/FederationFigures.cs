using System.Globalization;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>The pictures of a federated training.</summary>
public static class FederationFigures
{
    /// <summary>Curves over rounds, masks, votes, clients, cost.</summary>
    /// <param name="history">A finished training.</param>
    /// <param name="federation">Its settings.</param>
    public static IReadOnlyList<Figure> Of(FederationHistory history, Federation federation)
    {
        List<Figure> figures = [Curves(history)];
        if (history.Masks is { } masks)
        {
            var quorum = federation.Protocol is Lockdown lockdown ? lockdown.Quorum : 0;
            figures.AddRange([Overlaps(history), Layers(masks), Votes(masks, quorum), Overlap(masks, history.Attackers)]);
        }

        var last = history.Rounds[^1];
        if (history.Similarity.Count > 0)
        {
            int[] clients = [.. last.Clients.Where(client => !client.Excluded).Select(client => client.Client)];
            int[] order = [.. Enumerable.Range(0, clients.Length).OrderBy(turn => clients[turn])];
            string[] names = [.. order.Select(turn => Name(clients[turn], history.Attackers))];
            figures.Add(new HeatmapFigure(
                "Similarity of updates in the last round", "client", "client", names, names,
                [.. order.Select(row => Array.ConvertAll(order, column => history.Similarity[row][column]))])
            {
                Note = "Cosine of the angle between two clients' updates; an attacker whose update points elsewhere stands apart.",
            });
        }

        figures.Add(Clients(history, last));
        figures.Add(Holdings(history));
        figures.Add(Cost(history));
        return figures;
    }

    /// <summary>"3", or "0 (attacker)".</summary>
    internal static string Name(int client, int attackers) =>
        client.ToString(CultureInfo.InvariantCulture) + (client < attackers ? " (attacker)" : "");

    private static LineFigure Curves(FederationHistory history)
    {
        double[] rounds = [.. history.Rounds.Select(round => (double)round.Round)];
        var fused = history.Rounds.All(round => round.Fused is not null);
        List<Series> lines =
        [
            Line(fused ? "benign accuracy, before fusion" : "benign accuracy", round => round.Global.BenignAccuracy),
            Line(fused ? "attack success, before fusion" : "attack success", round => round.Global.AttackSuccessRate ?? 0),
            Line(fused ? "robust accuracy, before fusion" : "robust accuracy", round => round.Global.RobustAccuracy ?? 0),
        ];
        if (fused)
        {
            lines.InsertRange(0,
            [
                Line("benign accuracy", round => round.Fused!.BenignAccuracy),
                Line("attack success", round => round.Fused!.AttackSuccessRate ?? 0),
                Line("robust accuracy", round => round.Fused!.RobustAccuracy ?? 0),
            ]);
        }

        return new LineFigure("Rounds", "round", "share of test images", [.. lines])
        {
            Note = fused ? "After consensus fusion, which is what is deployed, and before it." : "",
        };

        Series Line(string name, Func<RoundRecord, double> value) => new(name, rounds, [.. history.Rounds.Select(value)]);
    }

    private static LineFigure Overlaps(FederationHistory history)
    {
        double[] rounds = [.. history.Rounds.Select(round => (double)round.Round)];
        List<Series> lines = [new("two honest clients", rounds, [.. history.Rounds.Select(round => round.HonestOverlap ?? 0)])];
        if (history.Rounds.All(round => round.AttackerOverlap is not null))
        {
            lines.Add(new("attacker and honest client", rounds, [.. history.Rounds.Select(round => round.AttackerOverlap!.Value)]));
        }

        return new("Overlap of masks", "round", "mean Jaccard overlap", [.. lines])
        {
            Note = "Where attackers' masks drift away from the honest ones their parameters lose the quorum.",
        };
    }

    private static BarFigure Layers(MaskCensus masks) => new(
        "Density of the masks by layer",
        "parameter tensor",
        "share of its coordinates",
        [.. masks.Layers],
        [
            new("in a client's mask (mean)", [.. masks.Densities.Select(density => (double?)density)]),
            new("kept by the quorum", [.. masks.Kept.Select(kept => (double?)kept)]),
        ])
    {
        Note = "Only layers that are sparse isolate anything: in a dense one all clients share every coordinate.",
    };

    private static HistogramFigure Votes(MaskCensus masks, int quorum) => new(
        "Votes for parameters",
        "clients whose mask holds the parameter",
        [new Histogram("parameters", [.. Enumerable.Range(0, masks.Votes.Count + 1).Select(edge => edge - 0.5)], [.. masks.Votes.Select(count => (double)count)])],
        quorum > 0 ? quorum - 0.5 : null)
    {
        Note = quorum > 0 ? $"Parameters left of the line have fewer than {quorum} votes and are zeroed." : "No quorum is set: nothing is zeroed.",
    };

    private static HeatmapFigure Overlap(MaskCensus masks, int attackers)
    {
        string[] names = [.. Enumerable.Range(0, masks.Overlap.Count).Select(client => Name(client, attackers))];
        return new("Overlap of the clients' masks", "client", "client", names, names, [.. masks.Overlap])
        {
            Note = "Jaccard overlap at the end of training: 1 for equal masks.",
        };
    }

    private static TableFigure Clients(FederationHistory history, RoundRecord last) => new(
        "Clients in the last round",
        ["Client", "Images", "Loss", "Norm of the update", "Weight in the aggregate", "Parameters sent", "Left out in rounds"],
        [.. last.Clients.OrderBy(client => client.Client).Select(client => (string[])
        [
            Name(client.Client, history.Attackers),
            Number(history.ClassCounts[client.Client].Sum()),
            client.Loss.ToString("0.000", CultureInfo.InvariantCulture),
            client.Norm.ToString("0.000", CultureInfo.InvariantCulture),
            client.Trust?.ToString("0.000", CultureInfo.InvariantCulture) ?? "by coordinate",
            Number(client.Active),
            Number(history.Rounds.Count(round => round.Clients.Any(other => other.Client == client.Client && other.Excluded))),
        ])])
    {
        Note = "Attackers are marked for the evaluator; the server does not know them.",
    };

    private static HeatmapFigure Holdings(FederationHistory history)
    {
        string[] classes = [.. Enumerable.Range(0, history.ClassCounts[0].Length).Select(label => label.ToString(CultureInfo.InvariantCulture))];
        string[] clients = [.. Enumerable.Range(0, history.ClassCounts.Count).Select(client => Name(client, history.Attackers))];
        return new("Images by client and label", "label as learnt", "client", classes, clients,
            [.. history.ClassCounts.Select(counts => Array.ConvertAll(counts, count => (double)count))])
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
                ["Parameters a client sends", Number((long)rounds.Average(round => round.Clients.Average(client => client.Active))), Number(history.Parameters)],
                ["Multiply-adds an image, zeros skipped", Number((long)history.ActiveMultiplyAdds), Number(history.MultiplyAdds)],
                ["Clients' seconds", Seconds(rounds.Average(round => round.ClientSeconds)), ""],
                ["of it screening gradients", Seconds(rounds.Average(round => round.RecoverySeconds)), ""],
                ["Seconds of work on masks, clients and server", Seconds(rounds.Average(round => round.MaskSeconds)), ""],
                ["Server's seconds", Seconds(rounds.Average(round => round.ServerSeconds)), ""],
            ])
        {
            Note = "Bytes of all clients together: four a parameter, and a bit a parameter for a mask, which publications leave out. No kernel here skips single zeros: the smaller multiply-adds are an ideal.",
        };
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Megabytes(double bytes) => (bytes / 1e6).ToString("0.00 MB", CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => seconds.ToString("0.00", CultureInfo.InvariantCulture);
}
