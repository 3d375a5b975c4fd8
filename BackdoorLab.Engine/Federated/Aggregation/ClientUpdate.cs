using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>What the server gets of a client in a round.</summary>
/// <param name="Client">The client's number, the same in every round.</param>
/// <param name="Weight">Its number of samples n_i; positive.</param>
/// <param name="Change">
/// float32 [P]: local parameters after training minus the global ones it began with. Owned by the caller and valid only
/// during <see cref="Aggregation.Add"/>. Finite: a client whose change holds infinities or NaN is left out by the
/// simulation, because one NaN makes a mean NaN, sorts as the largest value, and counts as an abstention among signs.
/// </param>
public sealed record ClientUpdate(int Client, double Weight, Tensor Change);
