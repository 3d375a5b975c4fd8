using System.Globalization;
using BackdoorLab.Engine.Federated;

namespace BackdoorLab.Benchmarks.Federated;

/// <summary>
/// What both sides do in a round: every client takes part, one local epoch, the mean weighted by samples.
/// </summary>
/// <param name="Net">Architecture.</param>
/// <param name="Clients">Clients.</param>
/// <param name="Images">Images of each client.</param>
/// <param name="Batch">Images per step.</param>
/// <param name="Threads">Kernel threads.</param>
internal sealed record FederationPlan(string Net, int Clients, int Images, int Batch, int Threads)
{
    /// <summary>Small: on labels of noise the loss must stay finite.</summary>
    public const double LearningRate = 0.01;

    /// <summary>L2 penalty of the clients' SGD.</summary>
    public const double WeightDecay = 1e-4;

    /// <summary>Pixels of padding before the random crop.</summary>
    public const int CropPadding = 4;

    /// <summary>The simulation on our side.</summary>
    public Simulation Simulation(int rounds) =>
        new()
        {
            Clients = Clients,
            Rounds = rounds,
            LocalEpochs = 1,
            BatchSize = Batch,
            LearningRate = LearningRate,
            WeightDecay = WeightDecay,
        };

    /// <summary>The same as command-line options of a child process of either side.</summary>
    public string[] Arguments =>
        [
            "--net",
            Net,
            "--clients",
            Text(Clients),
            "--images",
            Text(Images),
            "--batch",
            Text(Batch),
            "--threads",
            Text(Threads),
        ];

    /// <summary>Why clients would not have equally many whole batches of all classes, or null.</summary>
    public string? Fault =>
        Images % EngineSide.Shape.Classes != 0 || Images % Batch != 0
            ? $"The images of a client must be a multiple of {EngineSide.Shape.Classes} and of the batch; found {Images} and {Batch}."
            : null;

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
