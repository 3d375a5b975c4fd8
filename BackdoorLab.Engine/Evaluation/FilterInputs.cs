namespace BackdoorLab.Engine.Evaluation;

/// <summary>What an input filter and the model made of clean and triggered images.</summary>
/// <param name="CleanScores">Filter score of each clean image.</param>
/// <param name="CleanCorrect">Whether the model classifies it as its label.</param>
/// <param name="TriggeredScores">Filter score of each triggered image.</param>
/// <param name="TriggeredSucceed">Whether the model classifies it as the attacker intended.</param>
public sealed record FilterInputs(
    double[] CleanScores,
    bool[] CleanCorrect,
    double[] TriggeredScores,
    bool[] TriggeredSucceed
);
