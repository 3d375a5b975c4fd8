namespace BackdoorLab.Browser.Tests;

/// <summary>
/// The journeys through the lab without sign-in, one after the other. The pages looked at one by one and the labs of a
/// group go beside them: most of a journey is waiting.
/// </summary>
[CollectionDefinition("browser")]
public sealed class BrowserCollection : ICollectionFixture<LabFixture>;

/// <summary>The pages looked at one by one, in a lab of their own.</summary>
[CollectionDefinition("pages")]
public sealed class PagesCollection : ICollectionFixture<LabFixture>;
