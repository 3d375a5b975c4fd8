using System.Buffers.Binary;
using System.Text.Json;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Weights;

/// <summary>The safetensors form: 8 bytes of header length, a JSON header, raw data. It can hold nothing that runs.</summary>
internal static class SafetensorsFile
{
    private const int MostHeaderBytes = 16 << 20;

    private static readonly Dictionary<string, ElementType> Types = new()
    {
        ["F32"] = ElementType.Float32,
        ["F64"] = ElementType.Float64,
        ["F16"] = ElementType.Float16,
        ["BF16"] = ElementType.BFloat16,
        ["I64"] = ElementType.Int64,
        ["U64"] = ElementType.Int64,
        ["I32"] = ElementType.Int32,
        ["U32"] = ElementType.Int32,
        ["I16"] = ElementType.Int16,
        ["U16"] = ElementType.Int16,
        ["I8"] = ElementType.Byte,
        ["U8"] = ElementType.Byte,
        ["BOOL"] = ElementType.Byte,
    };

    /// <summary>Whether a file may be of this form, by its first bytes.</summary>
    internal static bool Looks(ReadOnlySpan<byte> head) =>
        head.Length > 9 && BinaryPrimitives.ReadInt64LittleEndian(head) is >= 2 and <= MostHeaderBytes && head[8] == (byte)'{';

    internal static WeightFile Open(FileStream stream)
    {
        Span<byte> length = stackalloc byte[8];
        stream.ReadExactly(length);
        var headerLength = BinaryPrimitives.ReadInt64LittleEndian(length);
        if (headerLength > stream.Length - 8)
        {
            throw new InvalidDataException("its header is longer than the file.");
        }

        var text = new byte[headerLength];
        stream.ReadExactly(text);
        try
        {
            using var header = JsonDocument.Parse(text);
            StoredTensor[] tensors = [.. header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").Select(entry => Tensor(stream, 8 + headerLength, entry.Name, entry.Value))];
            return new WeightFile("safetensors", [new("", tensors)], [], stream);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("its header cannot be read.", error);
        }
    }

    private static StoredTensor Tensor(FileStream stream, long start, string name, JsonElement entry)
    {
        var written = entry.GetProperty("dtype").GetString() ?? throw new InvalidDataException($"'{Shortened.Text(name)}' has no type.");
        var type = Types.GetValueOrDefault(written, ElementType.Other);
        var (shape, offsets) = (Numbers(entry.GetProperty("shape")), Numbers(entry.GetProperty("data_offsets")));
        if (shape.Any(side => side < 0) || offsets is not [>= 0, _] || offsets[1] < offsets[0] || offsets[1] > stream.Length - start || offsets[1] - offsets[0] > Array.MaxLength
            || (type != ElementType.Other && !IsSize(shape, StoredTensor.SizeOf(type), offsets[1] - offsets[0])))
        {
            throw new InvalidDataException($"the place of '{Shortened.Text(name)}' is not within it.");
        }

        return new(name, type, shape, () =>
        {
            var content = new byte[offsets[1] - offsets[0]];
            stream.Position = start + offsets[0];
            stream.ReadExactly(content);
            return content;
        });
    }

    private static bool IsSize(long[] shape, int each, long bytes)
    {
        try
        {
            return shape.Aggregate((long)each, (product, side) => checked(product * side)) == bytes;
        }
        catch (OverflowException)
        {
            return false;
        }
    }

    private static long[] Numbers(JsonElement list) => list.GetArrayLength() <= PickleBudget.MostAxes
        ? [.. list.EnumerateArray().Select(number => number.GetInt64())]
        : throw new InvalidDataException($"a tensor in it has {list.GetArrayLength()} axes; {PickleBudget.MostAxes} are the most.");
}
