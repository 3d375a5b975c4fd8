using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Training;

/// <summary>An epoch that has just ended.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Epochs">In all.</param>
/// <param name="Loss">Mean training loss of the epoch.</param>
/// <param name="Model">The network, in evaluation mode for the length of the call.</param>
public sealed record EpochReport(int Epoch, int Epochs, double Loss, Classifier Model);
