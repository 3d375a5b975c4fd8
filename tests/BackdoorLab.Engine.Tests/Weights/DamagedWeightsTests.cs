using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Weights;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Tests.Weights;

/// <summary>
/// Files that were made to hurt, or came through a bad line: every one is refused in words, and none costs more than it
/// is.
/// </summary>
[Collection("torch")]
[Trait("Category", "Slow")]
public sealed class DamagedWeightsTests : IDisposable
{
    private const string Storage = "(X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0004tQ";

    private readonly string _folder = Directory.CreateTempSubdirectory("damaged-").FullName;

    public static TheoryData<string, string> Damaged =>
        new()
        {
            {
                "}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n)Rs.",
                "a tensor in it is not written as PyTorch writes one"
            },
            {
                $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n({Storage}K\0NN\u0089)tRs.",
                "a tensor's shape in it is not written"
            },
            {
                $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n({Storage}K\0(J\u00ff\u00ff\u00ff\u00ffK\u0004t(K\u0001K\u0001t\u0089)tRs.",
                "a tensor's shape in it is not written"
            },
            {
                $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n({Storage}K\0K\u0004\u0085K\u0001\u0085\u0089)tRK\u0001s.",
                "makes no sense"
            },
            {
                $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n({Storage}NK\u0004\u0085K\u0001\u0085tRs.",
                "a tensor in it is not written"
            },
            {
                $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n({Storage}K\u0001K\u0004\u0085K\u0001\u0085tRs.",
                "does not lie within its data"
            },
            {
                $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n({Storage}K\0(J\u00ff\u00ff\u00ff\u007fJ\u00ff\u00ff\u00ff\u007fJ\u00ff\u00ff\u00ff\u007ft(K\0K\0K\0ttRs.",
                "does not lie within its data"
            },
            { "}X\u0001\0\0\0actorch._utils\n_rebuild_parameter\n)Rs.", "a parameter in it is not written" },
            { "}X\u0001\0\0\0actorch\nSize\n)Rs.", "a size in it is not written" },
            { "}X\u0001\0\0\0aK\u0001)Rs.", "calls what cannot be called" },
            { "}X\u0001\0\0\0actorch\nSize\nNRs.", "makes no sense" },
            { "}NQ.", "refers to something that is no data" },
            { "ccollections\nOrderedDict\nK\u0007\u0085R.", "a dictionary in it is not written" },
            { "K\u0001K\u0002a.", "makes no sense" },
            { "(K\u0001(\u0086.", "makes no sense" },
            { "ttt.", "makes no sense" },
            { "\u00ff.", "an instruction (0xff) that there is not" },
            { "F1.x\n.", "makes no sense" },
            { "}X\u0001\0\0\0aNs.", "No weights were found" },
            { "N.", "The file holds no dictionary" },
        };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Pickle_ThatNobodyWrote_IsRefusedInWords(string program, string reason) =>
        Assert.Contains(reason, Refusal(Encoding.Latin1.GetBytes(program)), StringComparison.Ordinal);

    [Fact]
    public void Pickle_WhoseTensorsHaveThousandsOfAxes_IsRefusedBeforeTheyAreCopied()
    {
        // One tuple of 20,000 sides, named by 10,000 tensors: copied at each it would be 1.6 GB.
        byte[] sides = [.. Enumerable.Repeat("K\u0001"u8.ToArray(), 20_000).SelectMany(side => side)];
        byte[] tensor =
        [
            .. "ctorch._utils\n_rebuild_tensor_v2\n("u8,
            .. Encoding.Latin1.GetBytes(Storage),
            .. "K\0h\u0001h\u0001tR"u8,
        ];
        byte[] pickle =
        [
            0x80,
            2,
            .. "]("u8,
            .. sides,
            .. "tq\u0001a("u8,
            .. Enumerable.Repeat(tensor, 10_000).SelectMany(one => one),
            .. "e."u8,
        ];

        var (message, bytes) = Measured(pickle);

        Assert.Contains("a tensor in it has 20000 axes", message, StringComparison.Ordinal);
        Assert.InRange(bytes, 0, 50L << 20);
    }

    [Theory]
    [InlineData("}")]
    [InlineData("]")]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("N")]
    [InlineData("N\u0085")]
    [InlineData("M\u00ff\u00ff")]
    [InlineData("G12345678")]
    [InlineData("]\u0094")]
    [InlineData("ca\nb\n)R")]
    public void Pickle_OfMillionsOfObjects_IsRefusedWithinItsBudget(string instruction)
    {
        byte[] one = Encoding.Latin1.GetBytes(instruction);
        var pickle = new byte[48 << 20];
        for (var i = 0; i < pickle.Length; i++)
        {
            pickle[i] = one[i % one.Length];
        }

        var (message, bytes) = Measured(pickle);

        Assert.Contains("describes far more objects than weights need", message, StringComparison.Ordinal);

        // The file and its pickle are in it once each, the objects, and a stack that doubles.
        Assert.InRange(bytes, 0, 420L << 20);
    }

    [Fact]
    public void Pickle_ThatCopiesOneListOverAndOver_IsRefused()
    {
        byte[] pairs = [.. Enumerable.Repeat(new byte[] { (byte)'N', (byte)'N', 0x86 }, 1000).SelectMany(pair => pair)];
        byte[] copy = [.. "ccollections\nOrderedDict\nh\u0001"u8, 0x85, (byte)'R'];
        byte[] pickle =
        [
            0x80,
            2,
            .. "]("u8,
            .. pairs,
            .. "eq\u0001("u8,
            .. Enumerable.Repeat(copy, 10_000).SelectMany(one => one),
            .. "t."u8,
        ];

        Assert.Contains("describes far more objects", Refusal(pickle), StringComparison.Ordinal);
    }

    [Fact]
    public void Pickle_ThatContainsItself_EndsToo() =>
        Assert.Contains(
            "No weights were found",
            Refusal("}q\0X\u0001\0\0\0ah\0s."u8.ToArray()),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("""{"a":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}""", "'a' has no type")]
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", "header cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}""", "header cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "header cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}""", "is not within it")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "is not within it")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[-9223372036854775808,9223372036854775807]}}""",
        "is not within it"
    )]
    [InlineData("""{"a":null}""", "header cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]""", "header cannot be read")]
    public void Safetensors_ThatAreWrong_AreRefusedInWords(string header, string reason) =>
        Assert.Contains(
            reason,
            Assert
                .Throws<WeightFileException>(() =>
                    WeightFile.Open(
                        Written([
                            .. BitConverter.GetBytes((long)header.Length),
                            .. Encoding.UTF8.GetBytes(header),
                            0,
                            0,
                            0,
                            0,
                        ])
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Safetensors_WithAHugeName_AreRefusedInAFewWords()
    {
        var header = $$$"""{"{{{new string('x', 5_000_000)}}}":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}""";

        var message = Assert
            .Throws<WeightFileException>(() =>
                WeightFile.Open(
                    Written([
                        .. BitConverter.GetBytes((long)header.Length),
                        .. Encoding.UTF8.GetBytes(header),
                        0,
                        0,
                        0,
                        0,
                    ])
                )
            )
            .Message;

        Assert.InRange(message.Length, 0, 300);
        Assert.Contains("(5000000 characters)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_DamagedAtRandom_AreReadOrRefusedInWords()
    {
        var random = new SeedTree(1).Random();
        byte[][] whole = [Checkpoint(), Safetensors()];
        var refused = 0;
        for (var i = 0; i < 4000; i++)
        {
            var file = Damage([.. whole[i % 2]], random);
            try
            {
                using var read = WeightFile.Open(Written(file));
                foreach (
                    var tensor in read.Entries.SelectMany(entry => entry.Tensors).Where(tensor => tensor.Count < 10_000)
                )
                {
                    tensor.Read();
                }
            }
            catch (WeightFileException error)
            {
                refused++;
                Assert.InRange(error.Message.Length, 20, 1500);
            }
        }

        Assert.InRange(refused, 1000, 4000);
    }

    // Bits turned, a piece written over, a piece taken out, or an early end; archives are damaged in the pickle more
    // often than elsewhere.
    private static byte[] Damage(byte[] file, Random random)
    {
        for (var times = random.Next(1, 5); times > 0 && file.Length > 8; times--)
        {
            var at = random.Next(random.Next(2) == 0 ? file.Length : Math.Min(file.Length, 900));
            switch (random.Next(5))
            {
                case 0:
                    file = file[..at];
                    break;
                case 1:
                    file = [.. file[..at], .. file[Math.Min(file.Length, at + random.Next(1, 9))..]];
                    break;
                case 2:
                    random.NextBytes(file.AsSpan(at, Math.Min(random.Next(1, 9), file.Length - at)));
                    break;
                default:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return file;
    }

    private static byte[] Checkpoint() =>
        Pickler.Archive(
            Pickler.Dictionary(
                ("epoch", 3L),
                ("best", Pickler.NumpyScalar),
                (
                    "state_dict",
                    Pickler.Dictionary(
                        ("0.mean", Pickler.Zeros(1, 3, 1, 1)),
                        ("1.fc1.weight", Pickler.Zeros(4, 3)),
                        ("1.fc1.bias", Pickler.Zeros(4))
                    )
                ),
                (
                    "optimizer",
                    Pickler.Dictionary(
                        (
                            "param_groups",
                            new List<object?>
                            {
                                Pickler.Dictionary(("lr", 0.1), ("params", new List<object?> { 0L, 1L })),
                            }
                        )
                    )
                )
            )
        );

    private byte[] Safetensors()
    {
        var path = Path.Combine(_folder, "whole.safetensors");
        using var scope = NewDisposeScope();
        Engine.Training.Checkpoint.Save(
            path,
            new Dictionary<string, Tensor> { ["a"] = zeros(3, 2), ["b"] = zeros(4, dtype: float64) },
            new Dictionary<string, string>()
        );
        return File.ReadAllBytes(path);
    }

    private (string Message, long Bytes) Measured(byte[] pickle)
    {
        var path = Written(Pickler.Archive(pickle, [new byte[16]]));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Assert.Throws<WeightFileException>(() => WeightFile.Open(path)).Message;
        return (message, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private string Refusal(byte[] pickle) => Measured(pickle).Message;

    private string Written(byte[] content)
    {
        var path = Path.Combine(_folder, "file.pth");
        File.WriteAllBytes(path, content);
        return path;
    }
}
