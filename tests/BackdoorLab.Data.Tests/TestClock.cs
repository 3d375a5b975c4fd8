namespace BackdoorLab.Data.Tests;

public sealed class TestClock : TimeProvider
{
    public DateTime UtcNow { get; private set; } = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public void Advance(double seconds) => UtcNow = UtcNow.AddSeconds(seconds);

    public override DateTimeOffset GetUtcNow() => UtcNow;
}
