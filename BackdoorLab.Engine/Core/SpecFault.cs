namespace BackdoorLab.Engine.Core;

/// <summary>One thing wrong with a spec. Both texts are cut where a document of somebody else made them long.</summary>
/// <param name="Path">Where, as a JSON path without the leading "$.": <c>attack.patchSize</c>,
/// <c>defenses[2].id</c>.</param>
/// <param name="Message">What is wrong, the legal values, the value found, and the remedy.</param>
public sealed record SpecFault(string Path, string Message)
{
    private const int LongestPath = 200;
    private const int LongestMessage = 4_000;

    /// <summary>Where, as a JSON path without the leading "$.".</summary>
    public string Path { get; init; } = Shortened.Of(Path, LongestPath);

    /// <summary>What is wrong, the legal values, the value found, and the remedy.</summary>
    public string Message { get; init; } = Shortened.Of(Message, LongestMessage);

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Message}";
}
