using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Federated;

/// <summary>What a protocol works with.</summary>
/// <param name="Federation">Settings.</param>
/// <param name="Layout">The shared network's parameters.</param>
/// <param name="Training">Local work on the shared network.</param>
/// <param name="Seeds">Streams of the whole training.</param>
public sealed record FederationContext(
    Federation Federation,
    ParameterLayout Layout,
    ClientTraining Training,
    SeedTree Seeds
);
