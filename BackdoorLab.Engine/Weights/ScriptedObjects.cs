namespace BackdoorLab.Engine.Weights;

/// <summary>
/// The weights of a TorchScript file (<c>torch.jit.save</c>). Its pickle holds objects whose attributes are layers and
/// tensors, so that the paths through it are the names of a state dict. Its program lies beside the pickle and is not
/// read here (<see cref="Programs.ProgramServer"/> runs it).
/// </summary>
internal static class ScriptedObjects
{
    private const int MostObjects = 20_000;

    /// <summary>Tensors by their paths; none in a frozen or quantized program, which keeps them elsewhere.</summary>
    /// <param name="root">What the pickle holds.</param>
    internal static PickledDictionary Weights(object? root)
    {
        var weights = new PickledDictionary();
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var next = new Queue<(string Path, object? Value)>([("", root)]);
        while (seen.Count < MostObjects && next.TryDequeue(out var at))
        {
            if (at.Value is not PickledOpaque { Attributes: { } attributes } holder || !seen.Add(holder))
            {
                continue;
            }

            foreach (var (key, value) in attributes.Entries)
            {
                var path = $"{at.Path}{key}";
                if (path.Length > PickleBudget.MostLetters)
                {
                    continue;
                }

                if (value is PickledTensor)
                {
                    weights.Add(path, value);
                }
                else if (value is PickledOpaque)
                {
                    next.Enqueue(($"{path}.", value));
                }
            }
        }

        return weights;
    }
}
