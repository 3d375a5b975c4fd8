using System.Text.Json.Serialization;

namespace BackdoorLab.Engine.Federated;

/// <summary>How a global model does on test images, 0..1.</summary>
/// <param name="BenignAccuracy">Clean images classified as their label.</param>
/// <param name="AttackSuccessRate">Triggered images of other classes sent to the target; null without any.</param>
/// <param name="RobustAccuracy">The same images classified as their true label.</param>
public sealed record RoundMetrics(double BenignAccuracy, double? AttackSuccessRate, double? RobustAccuracy);

/// <summary>A client in a round.</summary>
/// <param name="Client">Its number; attackers come first.</param>
/// <param name="Loss">Mean training loss of its last epoch; null of a client that diverged.</param>
/// <param name="Norm">Euclidean norm of its upload; null of a client that diverged.</param>
/// <param name="Trust">Its weight in the aggregate, or null where the rule weighs no clients.</param>
/// <param name="Excluded">
/// Whether it diverged and was left out: its loss or a number of its upload is not finite, or the upload's length is
/// more than float32 holds.
/// </param>
/// <param name="Active">Parameters it uploads.</param>
public sealed record ClientRecord(int Client, double? Loss, double? Norm, double? Trust, bool Excluded, long Active);

/// <summary>A round of training.</summary>
/// <param name="Round">From 1.</param>
/// <param name="Loss">Mean of the losses of the clients that did not diverge.</param>
/// <param name="Global">
/// The global model after the round; where there is fusion and the network tracks statistics of batch normalisation,
/// with statistics computed anew for it, since those of the clients belong to their masked networks.
/// </param>
/// <param name="Fused">The same after consensus fusion; null where there is none.</param>
/// <param name="Clients">Who took part, in order of their work.</param>
/// <param name="UploadBytes">All clients' uploads: four bytes a parameter, and a bit a parameter for a mask.</param>
/// <param name="DownloadBytes">What they receive.</param>
/// <param name="ClientSeconds">Wall time of all clients' work, screening included.</param>
/// <param name="RecoverySeconds">The part of it that screens gradients for the mask: a pass without steps.</param>
/// <param name="ServerSeconds">Wall time of aggregation and fusion.</param>
/// <param name="HonestOverlap">Mean Jaccard overlap of the masks of two honest clients; null without masks.</param>
/// <param name="AttackerOverlap">The same of an attacker and an honest client.</param>
/// <param name="MaskSeconds">
/// Wall time, on clients and server, of everything that only masks need: laying them on weights, gradients and updates,
/// pruning and regrowing them, votes, fusion, overlaps. Without the screening pass. 0 in records of earlier versions.
/// </param>
public sealed record RoundRecord(
    int Round,
    double Loss,
    RoundMetrics Global,
    RoundMetrics? Fused,
    IReadOnlyList<ClientRecord> Clients,
    long UploadBytes,
    long DownloadBytes,
    double ClientSeconds,
    double RecoverySeconds,
    double ServerSeconds,
    double? HonestOverlap,
    double? AttackerOverlap,
    double MaskSeconds = 0
);

/// <summary>Everything that a federated training leaves besides its model.</summary>
public sealed record FederationHistory
{
    /// <summary>Clients that attacked: the first ones. Known to the evaluator alone.</summary>
    public required int Attackers { get; init; }

    /// <summary>Trained parameters of the network.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-adds of one image's forward pass.</summary>
    public required long MultiplyAdds { get; init; }

    /// <summary>
    /// Those that a client's mask leaves, were its zeros skipped, mean over clients; equal to
    /// <see cref="MultiplyAdds"/> under dense training.
    /// </summary>
    public required double ActiveMultiplyAdds { get; init; }

    /// <summary>All rounds.</summary>
    public required IReadOnlyList<RoundRecord> Rounds { get; init; }

    /// <summary>Images of each class that each client holds.</summary>
    public required IReadOnlyList<int[]> ClassCounts { get; init; }

    /// <summary>How the images were dealt.</summary>
    public DealtImages? Dealt { get; init; }

    /// <summary>What each attacker poisoned.</summary>
    public IReadOnlyList<AttackerPoison> Poison { get; init; } = [];

    /// <summary>Clients that diverged, with the rounds in which they did; ordered by client.</summary>
    [JsonIgnore]
    public IReadOnlyList<(int Client, int[] Rounds)> Diverged =>
        [
            .. Rounds
                .SelectMany(round =>
                    round.Clients.Where(client => client.Excluded).Select(client => (client.Client, round.Round))
                )
                .GroupBy(pair => pair.Client, pair => pair.Round)
                .OrderBy(group => group.Key)
                .Select(group => (group.Key, group.ToArray())),
        ];

    /// <summary>
    /// Cosine similarity of the uploads of each pair of clients in the last round, by
    /// <see cref="RoundRecord.Clients"/>.
    /// </summary>
    public IReadOnlyList<double[]> Similarity { get; init; } = [];

    /// <summary>Masks; null under dense training.</summary>
    public MaskCensus? Masks { get; init; }
}

/// <summary>The masks at the end.</summary>
/// <param name="Layers">Names of the parameter tensors.</param>
/// <param name="Densities">Share of each tensor in a mask, mean over clients.</param>
/// <param name="Kept">Share of each tensor that has the quorum.</param>
/// <param name="Votes">Entry c: parameters that exactly c clients hold.</param>
/// <param name="Overlap">Jaccard overlap of each pair of clients' masks.</param>
public sealed record MaskCensus(
    IReadOnlyList<string> Layers,
    IReadOnlyList<double> Densities,
    IReadOnlyList<double> Kept,
    IReadOnlyList<long> Votes,
    IReadOnlyList<double[]> Overlap
);
