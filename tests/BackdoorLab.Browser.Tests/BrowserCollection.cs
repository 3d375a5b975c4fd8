namespace BackdoorLab.Browser.Tests;

/// <summary>
/// The journeys through the lab without sign-in, one after the other. Those of a group have labs of their own and go
/// beside them: most of a journey is waiting.
/// </summary>
[CollectionDefinition("browser")]
public sealed class BrowserCollection : ICollectionFixture<LabFixture>;
