namespace BackdoorLab.Engine.Federated;

/// <summary>The pictures of a training in which clients kept masks.</summary>
internal static class MaskFigures
{
    /// <summary>Overlap over rounds, density by layer, votes, overlap of each pair; none without masks.</summary>
    /// <param name="history">A finished training.</param>
    /// <param name="quorum">Masks that a coordinate needs to be kept; 0 keeps all.</param>
    internal static IEnumerable<Figure> Of(FederationHistory history, int quorum) =>
        history.Masks is not { } masks
            ? []
            : [Overlaps(history), Layers(masks), Votes(masks, quorum), Overlap(masks, history.Attackers)];

    private static LineFigure Overlaps(FederationHistory history) =>
        new(
            "Overlap of masks",
            "round",
            "mean Jaccard overlap",
            [
                .. FederationFigures.Defined("two honest clients", history, round => round.HonestOverlap),
                .. FederationFigures.Defined("attacker and honest client", history, round => round.AttackerOverlap),
            ]
        )
        {
            Note = "Where attackers' masks drift away from the honest ones their parameters lose the quorum.",
        };

    private static BarFigure Layers(MaskCensus masks) =>
        new(
            "Density of the masks by layer",
            "parameter tensor",
            "share of its coordinates",
            [.. masks.Layers],
            [
                new("in a client's mask (mean)", [.. masks.Densities.Select(density => (double?)density)]),
                new("kept by the quorum", [.. masks.Kept.Select(kept => (double?)kept)]),
            ]
        )
        {
            Note = "Only layers that are sparse isolate anything: in a dense one all clients share every coordinate.",
        };

    private static HistogramFigure Votes(MaskCensus masks, int quorum) =>
        new(
            "Votes for parameters",
            "clients whose mask holds the parameter",
            [
                new Histogram(
                    "parameters",
                    [.. Enumerable.Range(0, masks.Votes.Count + 1).Select(edge => edge - 0.5)],
                    [.. masks.Votes.Select(count => (double)count)]
                ),
            ],
            quorum > 0 ? quorum - 0.5 : null
        )
        {
            Note =
                quorum > 0
                    ? $"Parameters left of the line have fewer than {quorum} votes and are zeroed."
                    : "No quorum is set: nothing is zeroed.",
        };

    private static HeatmapFigure Overlap(MaskCensus masks, int attackers)
    {
        string[] names =
        [
            .. Enumerable.Range(0, masks.Overlap.Count).Select(client => FederationFigures.Name(client, attackers)),
        ];
        return new("Overlap of the clients' masks", "client", "client", names, names, [.. masks.Overlap])
        {
            Note = "Jaccard overlap at the end of training: 1 for equal masks.",
        };
    }
}
