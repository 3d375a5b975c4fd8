using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace BackdoorLab.Engine.Tests.Weights;

/// <summary>Writes what <c>torch.save</c> writes: a pickle (protocol 2) and its storages in a zip.</summary>
internal sealed class Pickler
{
    private readonly MemoryStream _pickle = new();
    private readonly List<byte[]> _storages = [];

    private Pickler() { }

    /// <summary>A call of something by name, and the attributes that are set on what it gives.</summary>
    internal sealed record Call(string Module, string Name, object?[] Arguments, object? State = null);

    /// <summary>A tensor with its numbers.</summary>
    internal sealed record Weights(long[] Shape, float[] Values);

    /// <summary>The first tensor once more.</summary>
    internal sealed record Shared;

    /// <summary>Python's dictionary; an OrderedDict where there is a tensor in it.</summary>
    internal static KeyValuePair<string, object?>[] Dictionary(params (string Key, object? Value)[] entries) =>
        [.. entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value))];

    /// <summary>Zeros of a size.</summary>
    internal static Weights Zeros(params long[] shape) =>
        new(shape, new float[shape.Aggregate(1L, (product, side) => product * side)]);

    /// <summary>A numpy scalar, as training scripts leave them beside the weights.</summary>
    internal static Call NumpyScalar =>
        new(
            "numpy.core.multiarray",
            "scalar",
            [
                new Call("numpy", "dtype", ["f8", false, true], new object?[] { 3L, "<", null }),
                new Call("_codecs", "encode", ["ÍÌ", "latin1"]),
            ]
        );

    /// <summary>A numpy array.</summary>
    internal static Call NumpyArray =>
        new(
            "numpy.core.multiarray",
            "_reconstruct",
            [new Call("numpy", "ndarray", []), new object?[] { 0L }, "b"],
            new object?[] { 1L, new object?[] { 2L }, "raw" }
        );

    /// <summary>The archive of an object.</summary>
    internal static byte[] Archive(object? root)
    {
        var writer = new Pickler();
        writer._pickle.Write([0x80, 2]);
        writer.Write(root);
        writer._pickle.WriteByte((byte)'.');
        return Archive(writer._pickle.ToArray(), writer._storages);
    }

    /// <summary>The archive of a pickle.</summary>
    internal static byte[] Archive(byte[] pickle, IReadOnlyList<byte[]> storages)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "archive/data.pkl", pickle);
            for (var i = 0; i < storages.Count; i++)
            {
                Add(zip, $"archive/data/{i}", storages[i]);
            }
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        entry.Write(content);
    }

    private void Write(object? value)
    {
        switch (value)
        {
            case null:
                Code('N');
                break;
            case bool yes:
                _pickle.WriteByte(yes ? (byte)0x88 : (byte)0x89);
                break;
            case long number:
                Code('J');
                _pickle.Write(BitConverter.GetBytes((int)number));
                break;
            case double number:
                Code('G');
                Span<byte> big = stackalloc byte[8];
                BinaryPrimitives.WriteDoubleBigEndian(big, number);
                _pickle.Write(big);
                break;
            case string text:
                Code('X');
                _pickle.Write(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)));
                _pickle.Write(Encoding.UTF8.GetBytes(text));
                break;
            case KeyValuePair<string, object?>[] entries:
                Write(
                    entries.Any(entry => entry.Value is Weights) ? new Call("collections", "OrderedDict", []) : null,
                    entries
                );
                break;
            case Weights weights:
                Write(weights);
                break;
            case Shared:
                _pickle.Write("h\u0001"u8);
                break;
            case Call call:
                Write(call);
                break;
            case object?[] tuple:
                Code('(');
                Array.ForEach(tuple, Write);
                Code('t');
                break;
            case List<object?> list:
                Code(']');
                Code('(');
                list.ForEach(Write);
                Code('e');
                break;
            default:
                throw new NotSupportedException(value.GetType().Name);
        }
    }

    private void Write(Call? maker, KeyValuePair<string, object?>[] entries)
    {
        if (maker is null)
        {
            Code('}');
        }
        else
        {
            Write(maker);
        }

        Code('(');
        foreach (var (key, value) in entries)
        {
            Write(key);
            Write(value);
        }

        Code('u');
    }

    private void Write(Call call)
    {
        Global(call.Module, call.Name);
        Write(call.Arguments);
        Code('R');
        if (call.State is { } state)
        {
            Write(state);
            Code('b');
        }
    }

    private void Write(Weights weights)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Code('(');
        Code('(');
        Write("storage");
        Global("torch", "FloatStorage");
        Write($"{_storages.Count}");
        Write("cpu");
        Write((long)weights.Values.Length);
        Code('t');
        Code('Q');
        Write(0L);
        Write((object?[])[.. weights.Shape.Cast<object?>()]);
        Write(
            (object?[])
                [
                    .. weights.Shape.Select(
                        (_, axis) =>
                            (object?)weights.Shape.Skip(axis + 1).Aggregate(1L, (product, side) => product * side)
                    ),
                ]
        );
        Write(false);
        Write(new Call("collections", "OrderedDict", []));
        Code('t');
        Code('R');
        if (_storages.Count == 0)
        {
            _pickle.Write("q\u0001"u8);
        }

        _storages.Add(MemoryMarshal.AsBytes(weights.Values.AsSpan()).ToArray());
    }

    private void Global(string module, string name) => _pickle.Write(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));

    private void Code(char instruction) => _pickle.WriteByte((byte)instruction);
}
