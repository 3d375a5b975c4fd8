using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Weights;

/// <summary>
/// Finds the state dicts in what a pickle holds. Training scripts put them under all kinds of keys, beside counters,
/// optimizers, other networks and lone tensors; which of them is the network, names and shapes say
/// (<see cref="Architectures"/>).
/// </summary>
internal static class PickledEntries
{
    private const int MostDepth = 6;
    private const int MostEntries = 32;
    private const int MostLooked = 10_000;
    private const int MostOfAList = 16;

    private static readonly string[] Usual =
    [
        "state_dict",
        "model_state_dict",
        "model_state",
        "model",
        "net",
        "netc",
        "network",
        "classifier",
        "weights",
        "params",
        "backbone",
    ];
    private static readonly string[] Averaged = ["ema", "swa", "averaged", "teacher"];
    private static readonly string[] Never = ["optim", "scheduler", "_metadata"];

    /// <summary>State dicts under their names, the likeliest first.</summary>
    /// <exception cref="WeightFileException">There is none.</exception>
    internal static IReadOnlyList<(string Name, PickledDictionary Content)> Of(object? root)
    {
        if (root is not (PickledDictionary or List<object?> or object?[]))
        {
            throw new WeightFileException(
                root switch
                {
                    PickledOpaque { Maker: { } maker } opaque => NotCalled(maker, opaque.IsModule),
                    PickledTensor =>
                        $"The file holds a single tensor and not the weights of a model. {WeightFile.Remedy}",
                    _ => $"The file holds no dictionary and not the weights of a model. {WeightFile.Remedy}",
                }
            );
        }

        var found = new List<(string Name, PickledDictionary Content)>();
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance) { root };
        var next = new Queue<(string Name, object Value, int Depth)>([("", root, 0)]);
        while (found.Count < MostEntries && next.TryDequeue(out var at))
        {
            if (
                at.Value is PickledDictionary dictionary
                && dictionary.Entries.Any(entry => entry is { Key: string, Value: PickledTensor })
            )
            {
                found.Add((at.Name, dictionary));
            }

            foreach (var (key, value) in at.Depth < MostDepth && seen.Count < MostLooked ? Parts(at.Value) : [])
            {
                if (seen.Add(value))
                {
                    next.Enqueue((at.Name.Length == 0 ? key : $"{at.Name}.{key}", value, at.Depth + 1));
                }
            }
        }

        var named = found.Exists(entry => Rank(entry.Name) == 0);
        return found.Count > 0
            ?
            [
                .. found.OrderBy(entry =>
                    entry.Name.Length == 0
                        ? named
                            ? 1
                            : 0
                        : Rank(entry.Name)
                ),
            ]
            : throw new WeightFileException(
                $"No weights were found in the file; it has {Content(root)}. {WeightFile.Remedy}"
            );
    }

    private static int Rank(string name)
    {
        var parts = name.ToLowerInvariant().Split('.');
        return Array.Exists(parts, part => Array.Exists(Averaged, part.Contains)) ? 2
            : Usual.Contains(parts[^1]) ? 0
            : 1;
    }

    private static IEnumerable<(string Key, object Value)> Parts(object holder) =>
        holder is PickledDictionary dictionary
            ? dictionary
                .Entries.Where(entry =>
                    entry.Key is string key
                    && !Never.Any(start => key.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                    && IsHolder(entry.Value)
                )
                .Select(entry => ((string)entry.Key!, entry.Value!))
            : ((IReadOnlyList<object?>)holder)
                .Take(MostOfAList)
                .Select((value, i) => ($"[{i}]", value!))
                .Where(part => IsHolder(part.Item2));

    private static bool IsHolder(object? value) => value is PickledDictionary or List<object?> or object?[];

    private static string Content(object root)
    {
        List<string> names = root is PickledDictionary dictionary
            ? [.. dictionary.Entries.Select(entry => Content(entry.Key, entry.Value))]
            : [.. ((IReadOnlyList<object?>)root).Select((value, i) => Content($"[{i}]", value))];
        return names.Count == 0 ? "no entries" : $"the entries {Shortened.List(names, 6, 200)}";
    }

    private static string Content(object? key, object? value) =>
        $"'{Shortened.Text(key?.ToString() ?? "", 40)}'"
        + (
            value switch
            {
                PickledOpaque { IsModule: true, Maker: { } maker } =>
                    $" (a whole pickled model, {Shortened.Text(maker.ToString(), 60)})",
                PickledOpaque { Maker: { } maker } =>
                    $" (made by {Shortened.Text(maker.ToString(), 60)}, which was not called)",
                _ => "",
            }
        );

    private static string NotCalled(PickledName name, bool module)
    {
        var shown = Shortened.Text(name.ToString());
        return
            module
            || name.Module == "__main__"
            || name.Module.StartsWith("torch.nn", StringComparison.Ordinal)
            || name.Module.StartsWith("torchvision.models", StringComparison.Ordinal)
            ? $"The file holds a whole pickled model (it names {shown}), which can only be opened by running its code. {WeightFile.Remedy}"
            : $"To open this file Python would have to call {shown}. It was not opened and nothing of it was run: a pickle that names more than tensors can do anything. "
                + $"If you trust it, open it where you trained it and save the weights alone. {WeightFile.Remedy}";
    }
}
