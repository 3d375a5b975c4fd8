namespace BackdoorLab.Engine.Core;

/// <summary>A spec cannot be run. Carries all faults, never only the first.</summary>
public sealed class SpecException(IReadOnlyList<SpecFault> faults)
    : Exception("The spec has " + (faults.Count == 1 ? "1 fault" : $"{faults.Count} faults") + ":"
        + string.Concat(faults.Select(fault => Environment.NewLine + "  " + fault)))
{
    /// <summary>All faults, in document order.</summary>
    public IReadOnlyList<SpecFault> Faults { get; } = faults;
}
