namespace BackdoorLab.Engine.Core;

/// <summary>One thing wrong with a spec.</summary>
/// <param name="Path">Where, as a JSON path without the leading "$.": <c>attack.patchSize</c>, <c>defenses[2].id</c>.</param>
/// <param name="Message">What is wrong, the legal values, the value found, and the remedy.</param>
public sealed record SpecFault(string Path, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Message}";
}
