namespace BackdoorLab.Browser.Tests;

/// <summary>One journey after the other: two cores carry one browser, one dashboard and one worker.</summary>
[CollectionDefinition("browser")]
public sealed class BrowserCollection : ICollectionFixture<LabFixture>;
