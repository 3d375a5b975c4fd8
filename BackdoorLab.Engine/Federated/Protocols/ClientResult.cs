using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>What a client's turn gave.</summary>
/// <param name="Change">float32 [P], in the caller's scope; null of a client that diverged.</param>
/// <param name="Loss">Mean loss of the last epoch.</param>
/// <param name="ScreeningSeconds">Time of the pass that screens gradients.</param>
/// <param name="Active">Coordinates that the upload may touch.</param>
public sealed record ClientResult(Tensor? Change, double Loss, double ScreeningSeconds, long Active);
