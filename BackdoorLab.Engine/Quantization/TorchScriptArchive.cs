using System.IO.Compression;
using System.Text;

namespace BackdoorLab.Engine.Quantization;

/// <summary>
/// Writes a TorchScript archive: the only way to libtorch's quantized kernels, which compiled scripts refuse and
/// TorchSharp does not wrap. The archive is a plain zip: source code, a pickle of one object whose attributes are empty
/// typed lists, no constants.
/// </summary>
internal static class TorchScriptArchive
{
    private const string Folder = "q/";

    /// <summary>
    /// An archive of class <c>M</c> whose <paramref name="code"/> declares the attributes <c>training</c> and
    /// <paramref name="emptyLists"/> (name and TorchScript type, e.g. <c>List[Tensor]</c>), in that order.
    /// </summary>
    public static byte[] Write(string code, IReadOnlyList<(string Name, string Type)> emptyLists)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "data.pkl", Object(emptyLists));
            Add(zip, "code/__torch__.py", Encoding.UTF8.GetBytes(code));
            // The pickle of an empty tuple.
            Add(zip, "constants.pkl", [0x80, 2, (byte)')', (byte)'.']);
            Add(zip, "version", "3\n"u8.ToArray());
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        // Stored, not compressed: the reader maps entries as they are.
        using var entry = zip.CreateEntry(Folder + name, CompressionLevel.NoCompression).Open();
        entry.Write(content);
    }

    // Pickle protocol 2: GLOBAL class, EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK, (name, value)..., SETITEMS, BUILD, STOP.
    private static byte[] Object(IReadOnlyList<(string Name, string Type)> emptyLists)
    {
        var pickle = new MemoryStream();
        pickle.Write([0x80, 2]);
        pickle.Write("c__torch__\nM\n)"u8);
        pickle.WriteByte(0x81);
        pickle.Write("}("u8);
        Text(pickle, "training");
        pickle.WriteByte(0x89);
        foreach (var (name, type) in emptyLists)
        {
            Text(pickle, name);
            pickle.Write("ctorch.jit._pickle\nrestore_type_tag\n(]"u8);
            Text(pickle, type);
            pickle.Write("tR"u8);
        }

        pickle.Write("ub."u8);
        return pickle.ToArray();
    }

    private static void Text(Stream pickle, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        pickle.WriteByte((byte)'X');
        pickle.Write(BitConverter.GetBytes(bytes.Length));
        pickle.Write(bytes);
    }
}
