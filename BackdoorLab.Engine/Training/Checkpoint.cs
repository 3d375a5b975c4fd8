using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Named tensors and a few words of metadata in one file of the safetensors form (8-byte header length, JSON header, raw little-endian
/// data), readable by other tools. Written under a temporary name and renamed, so a file is either whole or absent.
/// </summary>
public static class Checkpoint
{
    private const string Metadata = "__metadata__";
    private static readonly Dictionary<ScalarType, string> Names = new()
    {
        [ScalarType.Float32] = "F32",
        [ScalarType.Float64] = "F64",
        [ScalarType.Int64] = "I64",
        [ScalarType.BFloat16] = "BF16",
        [ScalarType.Byte] = "U8",
        [ScalarType.Bool] = "BOOL",
    };

    /// <summary>Writes a file.</summary>
    /// <param name="file">Path; its folder is created.</param>
    /// <param name="tensors">CPU tensors of any strides; written contiguous.</param>
    /// <param name="metadata">Text values.</param>
    public static void Save(string file, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var header = new JsonObject { [Metadata] = JsonSerializer.SerializeToNode(metadata) };
        long offset = 0;
        foreach (var (name, value) in tensors)
        {
            var bytes = value.numel() * value.element_size();
            header[name] = new JsonObject
            {
                ["dtype"] = Names[value.dtype],
                ["shape"] = JsonSerializer.SerializeToNode(value.shape),
                ["data_offsets"] = new JsonArray(offset, offset + bytes),
            };
            offset += bytes;
        }

        WholeFile.Write(file, stream =>
        {
            var text = JsonSerializer.SerializeToUtf8Bytes(header);
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
            stream.Write(length);
            stream.Write(text);
            foreach (var (_, value) in tensors)
            {
                using var scope = NewDisposeScope();
                using var noGrad = no_grad();
                stream.Write(value.detach().contiguous().bytes);
            }
        });
    }

    /// <summary>Copies a file's values into existing tensors of the same names, types and shapes, and returns the metadata.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or belongs to other tensors; nothing is promised about the targets then.</exception>
    public static IReadOnlyDictionary<string, string> Load(string file, IReadOnlyDictionary<string, Tensor> targets)
    {
        try
        {
            using var stream = File.OpenRead(file);
            Span<byte> length = stackalloc byte[8];
            stream.ReadExactly(length);
            var headerLength = BinaryPrimitives.ReadInt64LittleEndian(length);
            if (headerLength is < 2 or > 100_000_000 || headerLength > stream.Length - 8)
            {
                throw new InvalidDataException("the header length is impossible.");
            }

            var text = new byte[headerLength];
            stream.ReadExactly(text);
            var header = JsonNode.Parse(text)!.AsObject();
            foreach (var (name, target) in targets)
            {
                var entry = header[name]?.AsObject() ?? throw new InvalidDataException($"'{name}' is missing.");
                Fill(stream, 8 + headerLength, name, entry, target);
            }

            return header[Metadata]!.Deserialize<Dictionary<string, string>>()!;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"The checkpoint {file} cannot be used: {error.Message}", error);
        }
    }

    private static void Fill(Stream stream, long start, string name, JsonObject entry, Tensor target)
    {
        var shape = entry["shape"].Deserialize<long[]>()!;
        var offsets = entry["data_offsets"].Deserialize<long[]>()!;
        var bytes = target.numel() * target.element_size();
        if (entry["dtype"]!.GetValue<string>() != Names[target.dtype] || !shape.AsSpan().SequenceEqual(target.shape) || offsets[1] - offsets[0] != bytes)
        {
            throw new InvalidDataException($"'{name}' has another type or shape.");
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var value = empty(shape, dtype: target.dtype);
        stream.Position = start + offsets[0];
        stream.ReadExactly(value.bytes);
        target.copy_(value);
    }
}
