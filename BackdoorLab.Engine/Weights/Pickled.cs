namespace BackdoorLab.Engine.Weights;

/// <summary>A file of the archive that holds the numbers of one or more tensors.</summary>
/// <param name="Type">How they are written.</param>
/// <param name="Key">Its name.</param>
/// <param name="Count">Numbers in it.</param>
internal sealed record PickledStorage(ElementType Type, string Key, long Count);

/// <summary>A tensor as a pickle names it: a view of a storage.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);

/// <summary>A dictionary, in the order in which it was filled.</summary>
internal sealed class PickledDictionary
{
    internal List<KeyValuePair<object?, object?>> Entries { get; } = [];

    internal void Add(object? key, object? value) => Entries.Add(new(key, value));

    internal object? Find(string key) => Entries.LastOrDefault(entry => key.Equals(entry.Key)).Value;
}

/// <summary>The name of something in Python that a pickle may refer to.</summary>
internal sealed record PickledName(string Module, string Name);
