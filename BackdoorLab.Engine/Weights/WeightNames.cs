namespace BackdoorLab.Engine.Weights;

/// <summary>
/// An entry's tensors by the names they would have in a plain network, and its preprocessing where it has one.
/// </summary>
/// <param name="Entry">Name of the entry.</param>
/// <param name="Tensors">Weights and statistics.</param>
/// <param name="Mean">Per-channel mean of a normalising layer before the network.</param>
/// <param name="Deviation">Its deviation; both or neither.</param>
internal sealed record PlainWeights(
    string Entry,
    IReadOnlyDictionary<string, StoredTensor> Tensors,
    StoredTensor? Mean,
    StoredTensor? Deviation
);

/// <summary>
/// The names under which other programs keep the same weights: wrappers of PyTorch put a prefix before all of them,
/// normalising layers stand before the network, and implementations of the same network call its head and its shortcuts
/// differently.
/// </summary>
internal static class WeightNames
{
    private const string Normalization = "normalize.";
    private const int MostChannels = 4;

    // Wrappers that also stand in the middle of names, around a part of the network.
    private static readonly string[] Wrappers =
    [
        "module.",
        "_orig_mod.",
        "_fsdp_wrapped_module.",
        "_checkpoint_wrapped_module.",
    ];

    // Counters of batch norms and of tools that count operations.
    private static readonly string[] Counters = ["num_batches_tracked", "total_ops", "total_params"];
    private static readonly (string Ours, string Theirs)[] Aliases =
    [
        ("linear.", "fc."),
        ("shortcut.", "downsample."),
        // torchvision's file of DenseNet is older than its names.
        ("norm1.", "norm.1."),
        ("conv1.", "conv.1."),
        ("norm2.", "norm.2."),
        ("conv2.", "conv.2."),
        // torchvision's names of a vision transformer; mlp.linear_1 in its file, mlp.0 in its present module.
        ("cls_token", "class_token"),
        ("pos_embed", "encoder.pos_embedding"),
        ("patch_embed.proj.", "conv_proj."),
        ("blocks.", "encoder.layers.encoder_layer_"),
        ("norm1.", "ln_1."),
        ("attn.qkv.", "self_attention.in_proj_"),
        ("attn.proj.", "self_attention.out_proj."),
        ("norm2.", "ln_2."),
        ("mlp.fc1.", "mlp.linear_1."),
        ("mlp.fc1.", "mlp.0."),
        ("mlp.fc2.", "mlp.linear_2."),
        ("mlp.fc2.", "mlp.3."),
        ("norm.", "encoder.ln."),
        ("head.", "heads.head."),
    ];
    private static readonly string[] Means = ["mean", "means", "mu"];
    private static readonly string[] Deviations = ["std", "stds", "sigma", "stdev", "sd"];

    /// <summary>Whether a tensor belongs to the preprocessing and not to the architecture.</summary>
    internal static bool IsNormalization(string name) => name.StartsWith(Normalization, StringComparison.Ordinal);

    /// <summary>An entry as a plain network would have it.</summary>
    internal static PlainWeights Plain(WeightEntry entry)
    {
        List<StoredTensor> kept = [.. entry.Tensors.Where(tensor => !Counters.Contains(LastPart(tensor.Name)))];
        var (mean, deviation) = Preprocessing(kept);
        kept.RemoveAll(tensor => tensor == mean || tensor == deviation);
        foreach (var wrapper in Wrappers)
        {
            kept = kept.ConvertAll(tensor =>
                tensor.Named(
                    tensor.Name.StartsWith(wrapper, StringComparison.Ordinal)
                        ? tensor.Name[wrapper.Length..]
                        : tensor.Name.Replace("." + wrapper, ".", StringComparison.Ordinal)
                )
            );
        }

        // Whatever stands before all names alike belongs to what the network lies in: 'model.', '1.' of a Sequential,
        // 'backbone.'.
        while (
            kept.Count > 0
            && FirstPart(kept[0].Name) is { } common
            && kept.TrueForAll(tensor => tensor.Name.StartsWith(common, StringComparison.Ordinal))
        )
        {
            kept = kept.ConvertAll(tensor => tensor.Named(tensor.Name[common.Length..]));
        }

        return new(
            entry.Name,
            kept.GroupBy(tensor => tensor.Name).ToDictionary(group => group.Key, group => group.Last()),
            mean,
            deviation
        );
    }

    /// <summary>
    /// The parts of an entry that have a first name in common: a network beside a criterion, a student beside its
    /// teacher.
    /// </summary>
    internal static IEnumerable<WeightEntry> Parts(WeightEntry entry) =>
        entry
            .Tensors.Where(tensor => FirstPart(tensor.Name) is not null)
            .GroupBy(tensor => FirstPart(tensor.Name)![..^1])
            .Select(group => new WeightEntry(
                entry.Name.Length == 0 ? group.Key : $"{entry.Name}.{group.Key}",
                [.. group]
            ));

    /// <summary>What a weight of a network here may be called in a file, its own name first.</summary>
    internal static IEnumerable<string> Of(string name)
    {
        string[] names = [name];
        foreach (var (ours, theirs) in Aliases)
        {
            names =
            [
                .. names,
                .. names
                    .Where(one =>
                        one.StartsWith(ours, StringComparison.Ordinal)
                        || one.Contains("." + ours, StringComparison.Ordinal)
                    )
                    .Select(one => one.Replace(ours, theirs, StringComparison.Ordinal)),
            ];
        }

        return names;
    }

    // 'normalize.mean' and 'normalize.std', '0.mean' and '0.std', 'mu' and 'sigma': a pair of the same size beside each
    // other.
    private static (StoredTensor? Mean, StoredTensor? Deviation) Preprocessing(List<StoredTensor> tensors) =>
        (
            from mean in tensors
            where IsChannels(mean) && Means.Contains(Plainly(mean.Name))
            from deviation in tensors
            where
                IsChannels(deviation)
                && Deviations.Contains(Plainly(deviation.Name))
                && deviation.Count == mean.Count
                && Parent(deviation.Name) == Parent(mean.Name)
            select ((StoredTensor?)mean, (StoredTensor?)deviation)
        ).FirstOrDefault();

    private static bool IsChannels(StoredTensor tensor) => tensor.IsFloat && tensor.Count is > 0 and <= MostChannels;

    private static string Plainly(string name) =>
        LastPart(name).Split('_', StringSplitOptions.RemoveEmptyEntries) is [.., var last] parts
        && parts[0] != "running"
            ? last.ToLowerInvariant()
            : "";

    private static string Parent(string name) => name[..^LastPart(name).Length];

    private static string LastPart(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static string? FirstPart(string name) => name.IndexOf('.') is > 0 and var at ? name[..(at + 1)] : null;
}
