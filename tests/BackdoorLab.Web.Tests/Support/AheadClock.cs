namespace BackdoorLab.Web.Tests.Support;

/// <summary>The machine's clock, and as far ahead of it as a test wants to be.</summary>
internal sealed class AheadClock : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
