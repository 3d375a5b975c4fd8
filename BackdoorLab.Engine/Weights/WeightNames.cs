namespace BackdoorLab.Engine.Weights;

/// <summary>
/// The names under which other programs keep the same weights: wrappers of PyTorch put a prefix before all of them, and implementations of
/// the same network call its head and its shortcuts differently.
/// </summary>
internal static class WeightNames
{
    private const string Normalization = "normalize.";

    private static readonly string[] Prefixes = ["module.", "model.", "_orig_mod."];
    private static readonly (string Ours, string Theirs)[] Aliases = [("linear.", "fc."), ("shortcut.", "downsample.")];

    /// <summary>Name of the per-channel mean inside networks of this program.</summary>
    internal const string Mean = Normalization + "mean";

    /// <summary>Name of the per-channel deviation.</summary>
    internal const string Deviation = Normalization + "std";

    /// <summary>Whether a tensor belongs to the preprocessing and not to the architecture.</summary>
    internal static bool IsNormalization(string name) => name.StartsWith(Normalization, StringComparison.Ordinal);

    /// <summary>The tensors by name, without the prefixes that all have in common and without counters of batches.</summary>
    internal static IReadOnlyDictionary<string, StoredTensor> Plain(IEnumerable<StoredTensor> tensors)
    {
        List<StoredTensor> kept = [.. tensors.Where(tensor => !tensor.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal))];
        while (kept.Count > 0 && Prefixes.FirstOrDefault(prefix => kept.TrueForAll(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))) is { } common)
        {
            kept = kept.ConvertAll(tensor => tensor.Named(tensor.Name[common.Length..]));
        }

        return kept.GroupBy(tensor => tensor.Name).ToDictionary(group => group.Key, group => group.Last());
    }

    /// <summary>What a weight of a network here may be called in a file, its own name first.</summary>
    internal static IEnumerable<string> Of(string name)
    {
        string[] names = [name];
        foreach (var (ours, theirs) in Aliases)
        {
            names = [.. names, .. names.Where(one => one.StartsWith(ours, StringComparison.Ordinal) || one.Contains("." + ours, StringComparison.Ordinal)).Select(one => one.Replace(ours, theirs, StringComparison.Ordinal))];
        }

        return names;
    }
}
