namespace BackdoorLab.Engine.Weights;

/// <summary>A file of the safetensors form that somebody else wrote.</summary>
internal static class SafetensorsFile
{
    private const int MostHeaderBytes = 16 << 20;

    /// <summary>Whether a file may be of this form, by its first bytes.</summary>
    internal static bool Looks(ReadOnlySpan<byte> head) => SafetensorsHeader.Looks(head, MostHeaderBytes);

    internal static WeightFile Open(FileStream stream)
    {
        var header = SafetensorsHeader.Read(stream, MostHeaderBytes);
        StoredTensor[] tensors = [.. header.Tensors.Select(entry => Stored(stream, entry))];
        return new WeightFile("safetensors", [new("", tensors)], [], stream);
    }

    private static StoredTensor Stored(FileStream stream, SafetensorsEntry entry) =>
        new(entry.Name, entry.Type, entry.Shape, () => Content(stream, entry));

    private static byte[] Content(FileStream stream, SafetensorsEntry entry)
    {
        var content = new byte[entry.Bytes];
        stream.Position = entry.Start;
        stream.ReadExactly(content);
        return content;
    }
}
