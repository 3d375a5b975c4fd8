namespace BackdoorLab.Data.Tests;

/// <summary>For tests that look at the whole database: each gets a fresh one.</summary>
public abstract class LabTest : IAsyncLifetime
{
    private protected LabFixture Lab { get; } = new();

    public Task InitializeAsync() => Lab.InitializeAsync();

    public Task DisposeAsync() => Lab.DisposeAsync();
}
