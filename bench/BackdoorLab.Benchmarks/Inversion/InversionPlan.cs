using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Benchmarks.Inversion;

/// <summary>What both sides do: how many updates of how many images for every class, and by which rules.</summary>
/// <param name="Net">Architecture of the victim.</param>
/// <param name="Classes">Classes of the victim.</param>
/// <param name="Updates">Updates per class, one a round.</param>
/// <param name="Batch">Images per update.</param>
internal sealed record InversionPlan(string Net, int Classes, int Updates, int Batch)
{
    /// <summary>
    /// Neural Cleanse with a schedule short enough to run to its end on the slower side too: larger steps and a weight
    /// of the norm that starts higher and changes sooner than the defaults.
    /// </summary>
    public NeuralCleanse Defense(InversionSchedule schedule) =>
        new()
        {
            Rounds = Updates,
            BatchSize = Batch,
            HoldoutImages = 0,
            InitialCost = 0.01,
            Patience = 3,
            LearningRate = 0.2,
            Schedule = schedule,
        };
}
