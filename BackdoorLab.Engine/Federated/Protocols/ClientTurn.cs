using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>A client's turn in a round.</summary>
/// <param name="Client">Its number, from 0.</param>
/// <param name="Behaviour">How it departs from the protocol; of an honest client <see cref="FollowProtocol"/>.</param>
/// <param name="Round">From 1.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="Global">Global weights float32 [P]; not to be changed.</param>
/// <param name="Statistics">Global normalisation statistics float32 [S]; not to be changed.</param>
/// <param name="LastStep">The step of the round before, float32 [P], not to be changed; null in the first.</param>
/// <param name="Run">Random streams of this client's round.</param>
public sealed record ClientTurn(
    int Client,
    AttackerBehaviour Behaviour,
    int Round,
    double Rate,
    Tensor Global,
    Tensor Statistics,
    Tensor? LastStep,
    RunContext Run
);
