using System.Text;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

public sealed class CifarPythonTests : IDisposable
{
    private readonly TempRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Load_BatchesOfPython2_GiveLabelsAndPlanes()
    {
        Write("data_batch_1", Python2([3, 9]));
        Write("test_batch", Python2([0, 1]));

        var splits = new Cifar10().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal([3, 9], splits.Train.Labels);
        Assert.Equal([0, 1], splits.Test.Labels);
        Assert.Equal((0, 255, 2), (splits.Train.Image(0)[0], splits.Train.Image(0)[255], splits.Train.Image(1)[1]));
        Assert.Equal("truck", splits.Train.ClassNames[9]);
        Assert.Equal(
            "the data root holds 2 of 50,000 published training images and 2 of 10,000 test images; data_batch_2, data_batch_3, data_batch_4, data_batch_5 are not there",
            Assert.Single(splits.Remarks)
        );
        var status = new Cifar10().Inspect(_root.Path);
        Assert.Equal(
            (DatasetState.Partial, 2, 2, false),
            (status.State, status.TrainCount, status.TestCount, status.ChecksumOk)
        );
    }

    [Fact]
    public void Load_BatchesOfPython3_GiveTheSame()
    {
        Write("data_batch_1", Python3([3, 9]));
        Write("data_batch_3", Python3([4]));
        Write("test_batch", Python3([0, 1]));

        var splits = new Cifar10().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal([3, 9, 4], splits.Train.Labels);
        Assert.Equal((0, 255, 0), (splits.Train.Image(0)[0], splits.Train.Image(0)[255], splits.Train.Image(2)[0]));
    }

    [Fact]
    public void Load_Cifar100_TakesTheChosenLabels()
    {
        foreach (var file in (string[])["train", "test"])
        {
            File.WriteAllBytes(
                _root.File("cifar-100", "cifar-100-python", file),
                Python2([19, 7], "coarse_labels", ([99, 0], "fine_labels"))
            );
        }

        Assert.Equal([99, 0], new Cifar100().Load(_root.Path, TempRoot.Seeds).Train.Labels);
        Assert.Equal(
            [19, 7],
            new Cifar100 { Labels = Cifar100Labels.Coarse }
                .Load(_root.Path, TempRoot.Seeds)
                .Train.Labels
        );
    }

    [Fact]
    public void Load_BatchThatNamesAProgram_IsRefusedAndNothingIsRun()
    {
        Write("data_batch_1", [0x80, 2, .. "cposix\nsystem\n"u8, (byte)'U', 2, .. "ls"u8, 0x85, (byte)'R', (byte)'.']);
        Write("test_batch", Python2([0]));

        Assert.Contains(
            "data_batch_1 is no batch of CIFAR-10: to open it Python would have to call posix.system; nothing of it was run.",
            _root.FailureOf(new Cifar10())
        );
    }

    [Theory]
    [InlineData(10, "label 10 of image 1 is not in 0..9.")]
    public void Load_WrongLabel_IsNamed(int label, string expected)
    {
        Write("data_batch_1", Python2([3, (byte)label]));
        Write("test_batch", Python2([0]));

        Assert.Contains(expected, _root.FailureOf(new Cifar10()));
    }

    [Fact]
    public void Load_EveryTruncation_IsADataSetsFault()
    {
        var whole = Python2([3]);
        Write("test_batch", Python2([0]));
        for (var length = 1; length < whole.Length; length += length is > 250 and < 3200 ? 97 : 1)
        {
            Write("data_batch_1", whole[..length]);

            Assert.Throws<DatasetException>(() => new Cifar10().Load(_root.Path, TempRoot.Seeds));
        }
    }

    [Fact]
    public void Load_EveryChangedByte_IsADataSetsFaultOrHarmless()
    {
        var whole = Python2([3]);
        Write("test_batch", Python2([0]));
        for (var at = 0; at < 240; at++)
        {
            foreach (var value in (byte[])[0, 0xFF, (byte)'}', (byte)'(', (byte)'t', (byte)'.'])
            {
                var changed = (byte[])whole.Clone();
                changed[at] = value;
                Write("data_batch_1", changed);

                var error = Record.Exception(() => new Cifar10().Load(_root.Path, TempRoot.Seeds));

                Assert.True(error is null or DatasetException, $"byte {at} as {value}: {error}");
            }
        }
    }

    [Fact]
    public void Load_PickleOfMillionsOfObjects_IsCutShort()
    {
        var braces = new byte[4_000_000];
        Array.Fill(braces, (byte)'}');

        var error = Assert.Throws<InvalidDataException>(() => new PlainPickle(braces, new NumpyPickle(), 1000).Load());

        Assert.Contains("more than 1,000 objects", error.Message);
    }

    [Fact]
    public void Load_OnlyTheTestBatch_SaysWhatIsMissing()
    {
        Write("test_batch", Python2([0]));

        Assert.Contains("CIFAR-10: data_batch_1 not found in", _root.FailureOf(new Cifar10()));
    }

    private void Write(string name, byte[] bytes) =>
        File.WriteAllBytes(_root.File("cifar-10", "cifar-10-batches-py", name), bytes);

    /// <summary>
    /// What cPickle of Python 2 wrote, as the published files are: byte strings, protocol 2. Pixel k of image i is i +
    /// k, cut to a byte.
    /// </summary>
    private static byte[] Python2(byte[] labels, string key = "labels", (byte[] Values, string Key)? more = null) =>
        [
            0x80,
            2,
            (byte)'}',
            (byte)'q',
            1,
            (byte)'(',
            .. Text("batch_label"),
            .. Text("training batch 1 of 5"),
            .. Labels(labels, key),
            .. more is { } other ? Labels(other.Values, other.Key) : [],
            .. Text("data"),
            .. "cnumpy.core.multiarray\n_reconstruct\nq\u0007cnumpy\nndarray\nq\bK\0"u8,
            0x85,
            .. Text("b"),
            0x87,
            (byte)'R',
            (byte)'q',
            10,
            (byte)'(',
            (byte)'K',
            1,
            (byte)'K',
            (byte)labels.Length,
            (byte)'M',
            0,
            12,
            0x86,
            .. "cnumpy\ndtype\nq\f"u8,
            .. Text("u1"),
            (byte)'K',
            0,
            (byte)'K',
            1,
            0x87,
            (byte)'R',
            (byte)'(',
            (byte)'K',
            3,
            .. Text("|"),
            .. "NNNJ"u8,
            255,
            255,
            255,
            255,
            (byte)'J',
            255,
            255,
            255,
            255,
            (byte)'K',
            0,
            (byte)'t',
            (byte)'b',
            0x89,
            (byte)'T',
            .. BitConverter.GetBytes(labels.Length * 3072),
            .. Pixels(labels.Length),
            (byte)'t',
            (byte)'b',
            .. Text("filenames"),
            (byte)']',
            (byte)'(',
            .. labels.SelectMany(_ => Text("a.png")),
            (byte)'e',
            (byte)'u',
            (byte)'.',
        ];

    /// <summary>The same by Python 3: keys as bytes, protocol 4.</summary>
    private static byte[] Python3(byte[] labels) =>
        [
            0x80,
            4,
            0x95,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            (byte)'}',
            0x94,
            (byte)'(',
            .. Bytes("data"),
            0x94,
            .. Name("numpy.core.multiarray", "_reconstruct"),
            0x94,
            .. Name("numpy", "ndarray"),
            0x94,
            (byte)'K',
            0,
            0x85,
            0x94,
            .. Bytes("b"),
            0x94,
            0x87,
            0x94,
            (byte)'R',
            0x94,
            (byte)'(',
            (byte)'K',
            1,
            (byte)'K',
            (byte)labels.Length,
            (byte)'M',
            0,
            12,
            0x86,
            0x94,
            .. Name("numpy", "dtype"),
            0x94,
            0x8c,
            2,
            .. "u1"u8,
            0x94,
            0x89,
            0x88,
            0x87,
            0x94,
            (byte)'R',
            0x94,
            (byte)'(',
            (byte)'K',
            3,
            0x8c,
            1,
            (byte)'|',
            0x94,
            .. "NNNJ"u8,
            255,
            255,
            255,
            255,
            (byte)'J',
            255,
            255,
            255,
            255,
            (byte)'K',
            0,
            (byte)'t',
            0x94,
            (byte)'b',
            0x89,
            (byte)'B',
            .. BitConverter.GetBytes(labels.Length * 3072),
            .. Pixels(labels.Length),
            0x94,
            (byte)'t',
            0x94,
            (byte)'b',
            .. Bytes("labels"),
            0x94,
            (byte)']',
            0x94,
            (byte)'(',
            .. labels.SelectMany(label => (byte[])[(byte)'K', label]),
            (byte)'e',
            (byte)'u',
            (byte)'.',
        ];

    private static byte[] Labels(byte[] labels, string key) =>
        [.. Text(key), (byte)']', (byte)'(', .. labels.SelectMany(label => (byte[])[(byte)'K', label]), (byte)'e'];

    private static byte[] Pixels(int images) =>
        [.. Enumerable.Range(0, images).SelectMany(i => Enumerable.Range(0, 3072).Select(k => (byte)(i + k)))];

    private static byte[] Text(string text) => [(byte)'U', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Bytes(string text) => [(byte)'C', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Name(string module, string name) =>
        [
            0x8c,
            (byte)module.Length,
            .. Encoding.ASCII.GetBytes(module),
            0x94,
            0x8c,
            (byte)name.Length,
            .. Encoding.ASCII.GetBytes(name),
            0x94,
            0x93,
        ];
}
