namespace BackdoorLab.Engine.Weights;

/// <summary>A file of the archive that holds the numbers of one or more tensors.</summary>
/// <param name="Type">How they are written.</param>
/// <param name="Size">Bytes of one.</param>
/// <param name="Key">Its name.</param>
/// <param name="Count">Numbers in it.</param>
internal sealed record PickledStorage(ElementType Type, int Size, string Key, long Count);

/// <summary>A tensor as a pickle names it: a view of a storage.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>A dictionary, in the order in which it was filled.</summary>
internal sealed class PickledDictionary
{
    private List<KeyValuePair<object?, object?>>? _entries;

    internal IReadOnlyList<KeyValuePair<object?, object?>> Entries =>
        _entries ?? (IReadOnlyList<KeyValuePair<object?, object?>>)[];

    internal void Add(object? key, object? value) => (_entries ??= []).Add(new(key, value));
}

/// <summary>The name of something in Python that a pickle may refer to.</summary>
internal sealed record PickledName(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>
/// A value that is not read: raw bytes, a long text, a set, or what Python would have got by calling something. Beside
/// weights it does no harm, as nothing is called; where weights should be it is named.
/// </summary>
/// <param name="maker">What Python would call; null for plain data.</param>
internal sealed class PickledOpaque(PickledName? maker)
{
    /// <summary>For all plain data that is not read.</summary>
    internal static PickledOpaque Data { get; } = new(null);

    internal PickledName? Maker => maker;

    /// <summary>Whether it is an object of a network's class.</summary>
    internal bool IsModule { get; set; }

    /// <summary>Attributes of an object of a TorchScript class; null of all others.</summary>
    internal PickledDictionary? Attributes { get; set; }
}
