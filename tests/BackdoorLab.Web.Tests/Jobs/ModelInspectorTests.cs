using System.IO.Compression;
using BackdoorLab.Engine.Weights;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Jobs;

/// <summary>Model files are read by a process of its own, which may fail at it.</summary>
[Trait("Category", "Slow")]
[Collection("alone")]
public sealed class ModelInspectorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("inspector-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Read_OfWeights_ListsThem()
    {
        var listing = await Read(CheckRuns.Weights());

        Assert.Equal("safetensors", listing.Format);
        Assert.Contains(
            Assert.Single(listing.Entries).Tensors,
            tensor => tensor is { Name: "conv1.weight", Type: ElementType.Float32 }
        );
    }

    [Fact]
    public async Task Read_OfSomethingElse_SaysWhatTheReaderSaid() =>
        Assert.Contains(
            "a web page and not a model",
            (await Assert.ThrowsAsync<WeightFileException>(() => Read("<html>"u8.ToArray()))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Read_OfAFileThatGrows_IsRefusedAndThisProcessStaysSmall()
    {
        var pickle = new byte[63 << 20];
        Array.Fill(pickle, (byte)'}');
        var file = Zip("archive/data.pkl", pickle);
        var before = GC.GetTotalAllocatedBytes();

        var refused = await Assert.ThrowsAsync<WeightFileException>(() => Read(file));

        Assert.Contains("describes far more objects than weights need", refused.Message, StringComparison.Ordinal);

        // Reading it here would take 63 MB for the pickle and as much again for what it makes; other tests allocate
        // beside this one.
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 120L << 20);
    }

    [Fact]
    public async Task Read_OfMoreThanTheReaderMayHold_IsRefusedInWords()
    {
        // The list of entries alone is larger than what the reader's heap may become.
        var path = Path.Combine(_folder, "many.pth");
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            var name = new string('x', 60_000);
            for (var i = 0; i < 400; i++)
            {
                zip.CreateEntry($"{name}{i}", CompressionLevel.NoCompression);
            }
        }

        var refused = await Assert.ThrowsAsync<WeightFileException>(() =>
            new ModelInspector(heapMegabytes: 48).Read(path, CancellationToken.None)
        );

        Assert.Contains("more memory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_ThatNobodyWaitsFor_EndsItsProcess()
    {
        var path = Path.Combine(_folder, "model.safetensors");
        await File.WriteAllBytesAsync(path, CheckRuns.Weights());

        var reading = new ModelInspector().Read(path, new CancellationToken(canceled: true));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private static byte[] Zip(string name, byte[] content)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }

        return stream.ToArray();
    }

    private async Task<WeightListing> Read(byte[] content)
    {
        var path = Path.Combine(_folder, "model.pth");
        await File.WriteAllBytesAsync(path, content);
        return await new ModelInspector().Read(path, CancellationToken.None);
    }
}
