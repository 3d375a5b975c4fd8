using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Weights;

/// <summary>A tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Form">How its numbers are written, as the format calls it: "F32".</param>
/// <param name="Shape">Its size; empty for a single number.</param>
/// <param name="Start">Where its bytes begin in the file.</param>
/// <param name="Bytes">
/// How many they are; within the file, and as many as form and shape make where the form is known.
/// </param>
internal sealed record SafetensorsEntry(string Name, string Form, long[] Shape, long Start, long Bytes)
{
    internal ElementType Type => SafetensorsHeader.TypeOf(Form);
}

/// <summary>
/// The safetensors form: 8 bytes of header length, a JSON header that names each tensor with type, shape and place,
/// then raw little-endian data. It can hold nothing that runs. Read and written here and nowhere else.
/// </summary>
/// <param name="Tensors">In the order of the header.</param>
/// <param name="Metadata">Texts beside them, not looked at; null without any.</param>
internal sealed record SafetensorsHeader(IReadOnlyList<SafetensorsEntry> Tensors, JsonElement? Metadata)
{
    private const string MetadataName = "__metadata__";
    private const int LengthBytes = 8;

    private static readonly (string Form, ElementType Type, ScalarType? Tensor)[] Forms =
    [
        ("F32", ElementType.Float32, ScalarType.Float32),
        ("F64", ElementType.Float64, ScalarType.Float64),
        ("F16", ElementType.Float16, ScalarType.Float16),
        ("BF16", ElementType.BFloat16, ScalarType.BFloat16),
        ("I64", ElementType.Int64, ScalarType.Int64),
        ("U64", ElementType.Int64, null),
        ("I32", ElementType.Int32, ScalarType.Int32),
        ("U32", ElementType.Int32, null),
        ("I16", ElementType.Int16, ScalarType.Int16),
        ("U16", ElementType.Int16, null),
        ("I8", ElementType.Byte, ScalarType.Int8),
        ("U8", ElementType.Byte, ScalarType.Byte),
        ("BOOL", ElementType.Byte, ScalarType.Bool),
    ];

    /// <summary>Whether a file may be of this form, by its first bytes.</summary>
    internal static bool Looks(ReadOnlySpan<byte> head, long most) =>
        head.Length > LengthBytes + 1
        && BinaryPrimitives.ReadInt64LittleEndian(head) is >= 2 and var length
        && length <= most
        && head[LengthBytes] == (byte)'{';

    /// <summary>What the format calls tensors of this type.</summary>
    /// <exception cref="ArgumentException">It has no name for them.</exception>
    internal static string FormOf(ScalarType type) =>
        Array.Find(Forms, form => form.Tensor == type).Form
        ?? throw new ArgumentException($"The safetensors form has no name for {type}.", nameof(type));

    internal static ElementType TypeOf(string form) =>
        Array.Find(Forms, known => known.Form == form) is { Form: not null } found ? found.Type : ElementType.Other;

    /// <summary>
    /// Reads the header from the beginning of a stream. Nothing it says is believed before it is checked.
    /// </summary>
    /// <param name="stream">Can seek.</param>
    /// <param name="most">Bytes that a header may have.</param>
    /// <exception cref="InvalidDataException">It is damaged, or longer.</exception>
    /// <exception cref="EndOfStreamException">The file ends in it.</exception>
    internal static SafetensorsHeader Read(Stream stream, long most)
    {
        Span<byte> length = stackalloc byte[LengthBytes];
        stream.ReadExactly(length);
        var headerLength = BinaryPrimitives.ReadInt64LittleEndian(length);
        if (headerLength < 2 || headerLength > most || headerLength > stream.Length - LengthBytes)
        {
            throw new InvalidDataException("its header is longer than the file, or than a header may be.");
        }

        var text = new byte[headerLength];
        stream.ReadExactly(text);
        try
        {
            using var header = JsonDocument.Parse(text);
            var (start, end) = (LengthBytes + headerLength, stream.Length);
            var tensors = header.RootElement.EnumerateObject().Where(member => member.Name != MetadataName);
            return new(
                [.. tensors.Select(member => Entry(member, start, end))],
                header.RootElement.TryGetProperty(MetadataName, out var metadata) ? metadata.Clone() : null
            );
        }
        catch (Exception error)
            when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("its header cannot be read.", error);
        }
    }

    /// <summary>Writes header and data.</summary>
    /// <param name="stream">Where.</param>
    /// <param name="tensors">CPU tensors of any strides; written contiguous.</param>
    /// <param name="metadata">Texts beside them.</param>
    internal static void Write(
        Stream stream,
        IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata
    )
    {
        var header = new JsonObject { [MetadataName] = JsonSerializer.SerializeToNode(metadata) };
        long offset = 0;
        foreach (var (name, value) in tensors)
        {
            var bytes = value.numel() * value.element_size();
            header[name] = new JsonObject
            {
                ["dtype"] = FormOf(value.dtype),
                ["shape"] = JsonSerializer.SerializeToNode(value.shape),
                ["data_offsets"] = new JsonArray(offset, offset + bytes),
            };
            offset += bytes;
        }

        var text = JsonSerializer.SerializeToUtf8Bytes(header);
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        stream.Write(length);
        stream.Write(text);
        foreach (var (_, value) in tensors)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            stream.Write(value.detach().contiguous().bytes);
        }
    }

    private static SafetensorsEntry Entry(JsonProperty member, long start, long end)
    {
        var (name, entry) = (member.Name, member.Value);
        var form =
            entry.GetProperty("dtype").GetString()
            ?? throw new InvalidDataException($"'{Shortened.Text(name)}' has no type.");
        var (shape, offsets) = (Numbers(entry.GetProperty("shape")), Numbers(entry.GetProperty("data_offsets")));
        var type = TypeOf(form);
        if (
            shape.Any(side => side < 0)
            || offsets is not [>= 0 and var first, var after]
            || after < first
            || after > end - start
            || after - first > Array.MaxLength
            || (type != ElementType.Other && !IsSize(shape, StoredTensor.SizeOf(type), after - first))
        )
        {
            throw new InvalidDataException($"the place of '{Shortened.Text(name)}' is not within it.");
        }

        return new(name, form, shape, start + first, after - first);
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

    private static long[] Numbers(JsonElement list) =>
        list.GetArrayLength() <= PickleBudget.MostAxes
            ? [.. list.EnumerateArray().Select(number => number.GetInt64())]
            : throw new InvalidDataException(
                $"a tensor in it has {list.GetArrayLength()} axes; {PickleBudget.MostAxes} are the most."
            );
}
