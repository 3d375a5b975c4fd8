using System.IO.Compression;
using System.Text;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;
using BackdoorLab.Engine.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Weights;

/// <summary>Reading what others saved, and refusing what is more than weights.</summary>
[Collection("torch")]
public sealed class WeightFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weights-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PyTorch_WrappedStateDict_IsReadWithItsNumbers()
    {
        using var file = WeightFile.Open(Asset("wrapped.pth"));

        Assert.Equal("PyTorch state dict", file.Format);
        Assert.Equal(
            [
                "module.conv1.weight",
                "module.fc.weight",
                "module.fc.bias",
                "module.bn1.running_mean",
                "module.bn1.num_batches_tracked",
            ],
            file.Tensors.Select(tensor => tensor.Name)
        );
        var convolution = file.Tensors[0];
        Assert.Equal([2, 3, 2, 2], convolution.Shape);

        // It was saved channels-last: what is read is row-major again.
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (float)i), convolution.Read());
        Assert.Equal(
            (ElementType.Float16, ElementType.BFloat16, ElementType.Float64),
            (file.Tensors[1].Type, file.Tensors[2].Type, file.Tensors[3].Type)
        );
        Assert.Equal([0, 0.25f, 0.5f, 0.75f, 1, 1.25f], file.Tensors[1].Read());
        Assert.Equal([0.5f, -2], file.Tensors[2].Read());
        Assert.Equal([3f, 4, 5], file.Tensors[3].Read());
        Assert.Empty(file.Tensors[4].Shape);
    }

    [Fact]
    public void Safetensors_OfThisProgram_AreReadWithTheirNumbers()
    {
        var path = Path.Combine(_folder, "own.safetensors");
        using var scope = NewDisposeScope();
        Checkpoint.Save(
            path,
            new Dictionary<string, Tensor>
            {
                ["a"] = arange(6, dtype: float32).reshape(2, 3),
                ["b"] = tensor(1.5).to(bfloat16),
            },
            new Dictionary<string, string> { ["made"] = "here" }
        );

        using var file = WeightFile.Open(path);

        Assert.Equal(("safetensors", 7), (file.Format, file.Numbers));
        Assert.Equal([0f, 1, 2, 3, 4, 5], file.Tensors.Single(tensor => tensor.Name == "a").Read());
        Assert.Equal([1.5f], file.Tensors.Single(tensor => tensor.Name == "b").Read());
    }

    [Theory]
    [InlineData(
        "whole-model.pth",
        "a whole pickled model (it names __main__.Net)",
        "torch.save(model.state_dict(), 'model.pth')"
    )]
    [InlineData("old-form.pth", "a bare pickle, as torch.save wrote it before version 1.6", "weights_only=True")]
    public void PyTorch_FileOfAnotherKind_IsRefusedWithTheRemedy(string asset, string reason, string remedy)
    {
        var message = Assert.Throws<WeightFileException>(() => WeightFile.Open(Asset(asset))).Message;

        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }

    [Fact]
    public void TorchScript_ByPyTorch_HasTheNamesAndNumbersOfItsStateDict()
    {
        using var file = WeightFile.Open(Asset("script.pt"));

        Assert.Equal(("TorchScript", true), (file.Format, file.HasProgram));
        Assert.Equal(
            ["fc.weight 2x2", "fc.bias 2"],
            file.Tensors.Select(tensor => $"{tensor.Name} {string.Join('x', tensor.Shape)}")
        );
        Assert.Equal(4, file.Tensors[0].Read().Length);
    }

    [Fact]
    public void TorchScript_WithoutWeights_HasItsProgramAlone()
    {
        var path = Path.Combine(_folder, "frozen.pt");
        File.WriteAllBytes(path, TorchScriptArchive.Write("class M(Module):\n  training : bool\n", []));

        using var file = WeightFile.Open(path);

        Assert.True(file.HasProgram);
        Assert.Empty(file.Tensors);
        Assert.Equal(
            "The file has no weights by name: a frozen or quantized program.",
            Architectures.Find(file, new(3, 32, 32, 10, 0, 0), "a data set").Fault
        );
    }

    [Fact]
    public void Pickle_ThatCallsTheSystem_IsRefusedAndNotRun()
    {
        var trace = Path.Combine(_folder, "was-here");
        var text = Encoding.UTF8.GetBytes($"touch {trace}");
        byte[] pickle = [0x80, 2, .. "cposix\nsystem\n("u8, (byte)'X', (byte)text.Length, 0, 0, 0, .. text, .. "tR."u8];

        var message = Assert.Throws<WeightFileException>(() => WeightFile.Open(Archive(pickle))).Message;

        Assert.Contains("posix.system", message, StringComparison.Ordinal);
        Assert.Contains("nothing of it was run", message, StringComparison.Ordinal);
        Assert.False(File.Exists(trace));
    }

    [Fact]
    public void Pickle_ThatNamesAnythingElseByItsStack_IsRefused()
    {
        byte[] pickle = [0x80, 4, 0x8c, 8, .. "builtins"u8, 0x8c, 4, .. "eval"u8, 0x93, .. ")R."u8];

        Assert.Contains(
            "builtins.eval",
            Assert.Throws<WeightFileException>(() => WeightFile.Open(Archive(pickle))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("(", "its pickle ends too early")]
    [InlineData("R.", "its pickle makes no sense")]
    [InlineData("}h\u0005.", "its pickle makes no sense")]
    [InlineData("X\u00ff\u00ff\u00ff\u007f.", "its pickle ends too early")]
    public void Pickle_ThatIsDamaged_IsAClearError(string program, string reason) =>
        Assert.Contains(
            reason,
            Assert
                .Throws<WeightFileException>(() => WeightFile.Open(Archive(Encoding.Latin1.GetBytes(program))))
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void PyTorch_ThatEndsTooEarly_IsAClearError()
    {
        var whole = File.ReadAllBytes(Asset("wrapped.pth"));

        foreach (var share in new[] { 0.3, 0.9 })
        {
            var message = Assert
                .Throws<WeightFileException>(() =>
                    WeightFile.Open(Written("short.pth", whole[..(int)(share * whole.Length)]))
                )
                .Message;
            Assert.Contains("was not copied to its end", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void PyTorch_WhoseDataHasAnotherSize_IsRefused()
    {
        var path = Written("other.pth", File.ReadAllBytes(Asset("wrapped.pth")));
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Update))
        {
            var entry = zip.Entries.First(entry => entry.FullName.EndsWith("data/0", StringComparison.Ordinal));
            using var stream = entry.Open();
            stream.SetLength(8);
        }

        Assert.Contains(
            "does not lie within its data",
            Assert.Throws<WeightFileException>(() => WeightFile.Open(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Archive_ThatUnpacksToFarMore_IsNotOpened()
    {
        var path = Path.Combine(_folder, "bomb.pth");
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            using var stream = zip.CreateEntry("bomb/data/0", CompressionLevel.Fastest).Open();
            stream.Write(new byte[10_000_000]);
        }

        Assert.Contains(
            "unpacks to far more",
            Assert.Throws<WeightFileException>(() => WeightFile.Open(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(30, "was not copied to its end")]
    [InlineData(-4, "is not within it")]
    public void Safetensors_ThatEndTooEarly_AreAClearError(int bytes, string reason)
    {
        var path = Path.Combine(_folder, "short.safetensors");
        using var scope = NewDisposeScope();
        Checkpoint.Save(path, new Dictionary<string, Tensor> { ["a"] = zeros(100) }, new Dictionary<string, string>());
        var whole = File.ReadAllBytes(path);

        Assert.Contains(
            reason,
            Assert
                .Throws<WeightFileException>(() =>
                    WeightFile.Open(Written("short.safetensors", whole[..(bytes > 0 ? bytes : whole.Length + bytes)]))
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Safetensors_WithImpossibleSizes_AreRefused()
    {
        foreach (
            var entry in new[]
            {
                """{"a":{"dtype":"F32","shape":[9223372036854775807,8],"data_offsets":[0,8]}}""",
                """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[8,0]}}""",
                """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,400]}}""",
                """{"a":{"dtype":"F32","shape":2}}""",
                """{"a":7}""",
            }
        )
        {
            Assert.Throws<WeightFileException>(() =>
                WeightFile.Open(Written("odd.safetensors", Safetensors(entry, 8)))
            );
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Numbers_ThatAreNotFinite_AreRefusedInWords(float value)
    {
        var path = Path.Combine(_folder, "nan.safetensors");
        using var scope = NewDisposeScope();
        Checkpoint.Save(
            path,
            new Dictionary<string, Tensor> { ["layer.weight"] = tensor(new[] { 1f, value }) },
            new Dictionary<string, string>()
        );
        using var file = WeightFile.Open(path);

        Assert.Contains(
            "'layer.weight' holds values that are no finite numbers",
            Assert.Throws<WeightFileException>(file.Tensors[0].Read).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(new byte[0], "empty")]
    [InlineData(new byte[] { 8, 7, 18, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2 }, "ONNX")]
    [InlineData(new byte[] { 0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0 }, "HDF5")]
    [InlineData(new byte[] { 1, 2, 3 }, "neither safetensors nor")]
    [InlineData(new byte[] { 0x1f, 0x8b, 8, 0 }, "gzip")]
    [InlineData(new byte[] { 8, 1, 0x12, 0x90, 1, 0x0a }, "SavedModel of TensorFlow")]
    [InlineData(new byte[] { 4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0 }, "Lua Torch 7")]
    [InlineData(new byte[] { 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0 }, "NumPy")]
    [InlineData(
        new byte[] { 0x50, 0x4b, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
        "an empty zip archive"
    )]
    public void File_OfAnotherKind_IsNamed(byte[] content, string kind) =>
        Assert.Contains(
            kind,
            Assert.Throws<WeightFileException>(() => WeightFile.Open(Written("file.pth", content))).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(
        "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 44\n",
        "Git-LFS pointer",
        "git lfs pull"
    )]
    [InlineData(
        "\n <!DOCTYPE html><html><head><title>Virus scan warning</title>",
        "a web page",
        "download the model itself"
    )]
    [InlineData("<HTML>", "a web page", "download the model itself")]
    public void File_ThatStandsForAModel_IsNamedWithTheRemedy(string content, string kind, string remedy)
    {
        var message = Assert
            .Throws<WeightFileException>(() => WeightFile.Open(Written("file.pth", Encoding.UTF8.GetBytes(content))))
            .Message;

        Assert.Contains(kind, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("folder/mlp4.pth", "a zip archive with a model file in it ('folder/mlp4.pth')")]
    [InlineData("arr_0.npy", ".npz")]
    [InlineData("model/saved_model.pb", "SavedModel of TensorFlow")]
    [InlineData("notes.txt", "it has no data.pkl, but notes.txt")]
    public void Zip_ThatIsNoStateDict_IsNamed(string entry, string kind)
    {
        var path = Path.Combine(_folder, "zipped.pth");
        using (var zip = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            zip.CreateEntry(entry);
        }

        Assert.Contains(
            kind,
            Assert.Throws<WeightFileException>(() => WeightFile.Open(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Tar_IsNamed()
    {
        var path = Path.Combine(_folder, "model.tar");
        using (var tar = new System.Formats.Tar.TarWriter(File.Create(path)))
        {
            tar.WriteEntry(
                new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "model.pth")
                {
                    DataStream = new MemoryStream([1]),
                }
            );
        }

        Assert.Contains(
            "a tar archive",
            Assert.Throws<WeightFileException>(() => WeightFile.Open(path)).Message,
            StringComparison.Ordinal
        );
    }

    private static string Asset(string name) => Path.Combine(AppContext.BaseDirectory, "Weights", "Files", name);

    private static byte[] Safetensors(string header, int data) =>
        [.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), .. new byte[data]];

    private string Written(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Archive(byte[] pickle)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.pth");
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        using var stream = zip.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open();
        stream.Write(pickle);
        return path;
    }
}
