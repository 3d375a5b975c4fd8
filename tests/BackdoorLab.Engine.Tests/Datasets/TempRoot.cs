using System.Buffers.Binary;
using System.IO.Compression;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

/// <summary>A data root of its own for one test, removed afterwards.</summary>
internal sealed class TempRoot : IDisposable
{
    public static readonly SeedTree Seeds = new(7);

    public string Path { get; } = Directory.CreateTempSubdirectory("backdoorlab-data-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public string File(params string[] parts)
    {
        var file = System.IO.Path.Combine([Path, .. parts]);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        return file;
    }

    /// <summary>Changes the bytes of a file.</summary>
    public static void Edit(string file, Func<byte[], byte[]> change) =>
        System.IO.File.WriteAllBytes(file, change(System.IO.File.ReadAllBytes(file)));

    /// <summary>
    /// The message of the exception a load must throw; every message names file and remedy in one line.
    /// </summary>
    public string FailureOf(DatasetSource source)
    {
        var error = Assert.Throws<DatasetException>(() => source.Load(Path, Seeds));
        Assert.Contains(Path, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        var status = source.Inspect(Path);
        Assert.Equal(error.State, status.State);
        Assert.NotEmpty(status.Remedy);
        return error.Message;
    }

    /// <summary>idx content of images whose pixel is the image's index, or of labels counting 0..9.</summary>
    public static byte[] Idx(int magic, int count, int rows = 28, int columns = 28)
    {
        var labels = magic == 2049;
        var header = labels ? 8 : 16;
        var bytes = new byte[header + (labels ? count : count * rows * columns)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, magic);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), count);
        if (!labels)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), rows);
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), columns);
        }

        for (var i = header; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(labels ? (i - header) % 10 : (i - header) / (rows * columns));
        }

        return bytes;
    }

    public static byte[] Gzip(byte[] content)
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest))
        {
            stream.Write(content);
        }

        return packed.ToArray();
    }
}
