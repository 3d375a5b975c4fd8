namespace BackdoorLab.Engine.Core;

/// <summary>A spec cannot be run. Carries all faults, never only the first; of very many the first hundred.</summary>
public sealed class SpecException(IReadOnlyList<SpecFault> faults) : Exception(Words(faults))
{
    private const int MostKept = 100;
    private const int MostPrinted = 20;

    /// <summary>The faults, in document order.</summary>
    public IReadOnlyList<SpecFault> Faults { get; } =
        faults.Count <= MostKept
            ? faults
            :
            [
                .. faults.Take(MostKept),
                new("(document)", $"has {faults.Count - MostKept} more faults, which are left out here."),
            ];

    private static string Words(IReadOnlyList<SpecFault> faults) =>
        "The spec has "
        + (faults.Count == 1 ? "1 fault" : $"{faults.Count} faults")
        + ":"
        + string.Concat(faults.Take(MostPrinted).Select(fault => Environment.NewLine + "  " + fault))
        + (faults.Count > MostPrinted ? Environment.NewLine + $"  and {faults.Count - MostPrinted} more" : "");
}
