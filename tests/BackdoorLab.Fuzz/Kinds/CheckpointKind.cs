using System.IO.Compression;
using System.Text;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>Model files, opened and read to the last number.</summary>
internal sealed class CheckpointKind : IFuzzFileKind
{
    private static readonly (string Name, byte[] Bytes)[] Good =
    [
        .. Directory
            .GetFiles(Path.Combine(AppContext.BaseDirectory, "checkpoints"), "*.p*")
            .Order(StringComparer.Ordinal)
            .Select(file => (Path.GetFileName(file), File.ReadAllBytes(file))),
        ("weights.safetensors", Safetensors()),
    ];

    public Outcome Try(Random random, string folder)
    {
        var (name, good) = Good[random.Next(Good.Length)];
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(
            path,
            random.Next(2) == 0 && good.AsSpan().StartsWith("PK"u8) ? Entries(random, good) : Damage.Bytes(random, good)
        );
        return Read(path);
    }

    public Outcome Read(string path)
    {
        try
        {
            using var file = WeightFile.Open(path);
            foreach (var tensor in file.Tensors.Where(tensor => tensor.IsFloat))
            {
                tensor.Read();
            }

            return Outcome.Taken;
        }
        catch (WeightFileException)
        {
            return Outcome.Declined;
        }
    }

    // The archive whole, one file in it damaged: nothing would come of a broken directory at the end.
    private static byte[] Entries(Random random, byte[] zip)
    {
        using var source = new ZipArchive(new MemoryStream(zip));
        using var target = new MemoryStream();
        var chosen = random.Next(source.Entries.Count);
        using (var copy = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (var i = 0; i < source.Entries.Count; i++)
            {
                using var content = new MemoryStream();
                using (var stream = source.Entries[i].Open())
                {
                    stream.CopyTo(content);
                }

                var pickle = source.Entries[i].Name == "data.pkl" && random.Next(2) == 0;
                var bytes = i == chosen || pickle ? Damage.Bytes(random, content.ToArray()) : content.ToArray();
                using var entry = copy.CreateEntry(source.Entries[i].FullName, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }

        return target.ToArray();
    }

    private static byte[] Safetensors()
    {
        var header =
            """{"conv.weight":{"dtype":"F32","shape":[2,3,2,2],"data_offsets":[0,96]},"bias":{"dtype":"BF16","shape":[4],"data_offsets":[96,104]},"__metadata__":{"made":"here"}}""";
        return [.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), .. new byte[104]];
    }
}
