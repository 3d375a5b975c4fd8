using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

[Trait("Category", "Slow")]
public sealed class CifarTests : IDisposable
{
    private readonly TempRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Load_Cifar10Records_SeparatesLabelAndPlanes()
    {
        WriteCifar10();
        var file = Cifar10File("data_batch_2.bin");
        Poke(file, 3073L * 4, 7);
        Poke(file, 3073L * 4 + 1, 11);
        Poke(file, 3073L * 5 - 1, 99);

        var splits = new Cifar10().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(7, splits.Train.Labels[10_004]);
        Assert.Equal(11, splits.Train.Image(10_004)[0]);
        Assert.Equal(99, splits.Train.Image(10_004)[3071]);
        Assert.Equal(1, splits.Train.Labels.Count(label => label != 0));
        Assert.True(splits.FlipAllowed);
    }

    [Fact]
    public void Load_Cifar10ShortFile_NamesRecordAndOffset()
    {
        WriteCifar10(length: 30_000_000);

        var message = _root.FailureOf(new Cifar10());

        Assert.Contains(
            $"{Cifar10File("data_batch_1.bin")}, byte 30,000,000: the file ends here, in record 9,762 of 10,000; 30,730,000 bytes expected.",
            message
        );
        Assert.Contains("cifar-10-binary.tar.gz", message);
    }

    [Fact]
    public void Load_Cifar10FileMissing_NamesIt()
    {
        WriteCifar10(length: 10);
        File.Delete(Cifar10File("data_batch_4.bin"));

        Assert.Contains("CIFAR-10: data_batch_4.bin not found in", _root.FailureOf(new Cifar10()));
    }

    [Fact]
    public void Load_LaterFileTruncated_ReturnsNothing()
    {
        WriteFew();
        Poke(_root.File("few", "b.bin"), 0, 1);
        using (var stream = File.OpenWrite(_root.File("few", "b.bin")))
        {
            stream.SetLength(9000);
        }

        Assert.Contains(
            "b.bin, byte 9,000: the file ends here, in record 2 of 3; 9,219 bytes expected. Replace it",
            FewFailure()
        );
    }

    [Fact]
    public void Load_TrailingByte_IsRefused()
    {
        WriteFew();
        Poke(_root.File("few", "test.bin"), 6146, 1);

        Assert.Contains("test.bin, byte 6,146: 1 bytes follow the last of 2 records. Replace it", FewFailure());
    }

    [Fact]
    public void Load_WrongLabel_NamesOffset()
    {
        WriteFew();
        Poke(_root.File("few", "a.bin"), 3073 * 2, 4);

        Assert.Contains("a.bin, byte 6,146: label 4 of record 2 is not in 0..3. Replace it", FewFailure());
    }

    [Fact]
    public void Inspect_OtherPixels_IsFoundWithDifferentChecksum()
    {
        WriteFew();
        Poke(_root.File("few", "b.bin"), 77, 1);

        var status = Few.Inspect(_root.Path, default);

        Assert.Equal(
            (DatasetState.Found, false, 6, 2),
            (status.State, status.ChecksumOk, status.TrainCount, status.TestCount)
        );
        Assert.Contains("b.bin differs", status.Detail);
    }

    [Fact]
    public void Load_Cifar100_TakesTheChosenLabel()
    {
        var train = WriteZeros(153_700_000, "cifar-100", "cifar-100-binary", "train.bin");
        WriteZeros(30_740_000, "cifar-100", "cifar-100-binary", "test.bin");
        Poke(train, 3074L * 3, 19);
        Poke(train, 3074L * 3 + 1, 99);
        Poke(train, 3074L * 3 + 2, 42);

        var fine = new Cifar100 { TrainLimit = 0 }.Load(_root.Path, TempRoot.Seeds);
        var coarse = new Cifar100 { Labels = Cifar100Labels.Coarse }.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal((99, "worm", 42), (fine.Train.Labels[3], fine.Train.ClassNames[99], fine.Train.Image(3)[0]));
        Assert.Equal(
            (19, "vehicles 2", 20),
            (coarse.Train.Labels[3], coarse.Train.ClassNames[19], coarse.Train.Classes)
        );

        Poke(train, 3074L * 8, 20);
        Assert.Contains(
            "train.bin, byte 24,592: label 20 of record 8 is not in 0..19.",
            _root.FailureOf(new Cifar100())
        );
    }

    [SkippableFact]
    public void Cifar10_RealFiles_HaveThePublishedContent()
    {
        var root = DataRoot.Require("cifar-10");

        var status = new Cifar10().Inspect(root);
        var splits = new Cifar10().Load(root, TempRoot.Seeds);

        Assert.Equal((DatasetState.Found, true), (status.State, status.ChecksumOk));
        Assert.Equal([6, 9, 9, 4, 1], splits.Train.Labels[..5]);
        Assert.Equal([3, 8, 8, 0, 6], splits.Test.Labels[..5]);
        Assert.All(
            Enumerable.Range(0, 10),
            label => Assert.Equal(5000, splits.Train.Labels.Count(found => found == label))
        );
        Assert.Equal(125.306918046875, ChannelMean(splits.Train, 0), 9);
        Assert.Equal(122.950394140625, ChannelMean(splits.Train, 1), 9);
        Assert.Equal(113.86538318359375, ChannelMean(splits.Train, 2), 9);
    }

    [SkippableFact]
    public void Cifar10_Limits_GiveEqualClassesAndRemarks()
    {
        var root = DataRoot.Require("cifar-10");
        var source = new Cifar10 { TrainLimit = 1003, TestLimit = 500 };

        var first = source.Load(root, TempRoot.Seeds);
        var second = source.Load(root, TempRoot.Seeds);

        Assert.Equal(
            [101, 101, 101, 100, 100, 100, 100, 100, 100, 100],
            Enumerable.Range(0, 10).Select(label => first.Train.Labels.Count(found => found == label))
        );
        Assert.Equal(["subset: 1,003 of 50,000 training images", "subset: 500 of 10,000 test images"], first.Remarks);
        Assert.Equal(first.Train.Pixels, second.Train.Pixels);
        Assert.NotEqual(first.Train.Pixels, source.Load(root, new(8)).Train.Pixels);
    }

    /// <summary>
    /// Two training files of three records and a test file of two, all zero; the checksums are those of zeros.
    /// </summary>
    private static CifarFolder Few =>
        new(
            "few",
            ["few"],
            "https://example.org/few",
            ["a", "b", "c", "d"],
            [4],
            0,
            [("a.bin", DataFile.Md5(new byte[9219])), ("b.bin", DataFile.Md5(new byte[9219]))],
            ("test.bin", DataFile.Md5(new byte[6146])),
            3,
            2
        );

    private void WriteFew()
    {
        WriteZeros(9219, "few", "a.bin");
        WriteZeros(9219, "few", "b.bin");
        WriteZeros(6146, "few", "test.bin");
        Assert.True(Few.Inspect(_root.Path, default).ChecksumOk);
    }

    private string FewFailure()
    {
        var error = Assert.Throws<DatasetException>(() =>
            Few.Load(_root.Path, new Cifar10(), new([0, 0, 0], [1, 1, 1]), TempRoot.Seeds)
        );
        Assert.Equal(
            (DatasetState.Damaged, error.Message),
            (Few.Inspect(_root.Path, default).State, Few.Inspect(_root.Path, default).Detail)
        );
        return error.Message;
    }

    private static double ChannelMean(ImageSet set, int channel)
    {
        long sum = 0;
        for (var i = 0; i < set.Count; i++)
        {
            foreach (var pixel in set.Image(i).Slice(channel * 1024, 1024))
            {
                sum += pixel;
            }
        }

        return (double)sum / (set.Count * 1024L);
    }

    private static void Poke(string file, long offset, byte value)
    {
        using var stream = File.OpenWrite(file);
        stream.Position = offset;
        stream.WriteByte(value);
    }

    private string Cifar10File(string name) => _root.File("cifar-10-batches-bin", name);

    private void WriteCifar10(long length = 30_730_000)
    {
        foreach (
            var name in (string[])
                [
                    "data_batch_1.bin",
                    "data_batch_2.bin",
                    "data_batch_3.bin",
                    "data_batch_4.bin",
                    "data_batch_5.bin",
                    "test_batch.bin",
                ]
        )
        {
            WriteZeros(length, "cifar-10-batches-bin", name);
        }
    }

    private string WriteZeros(long length, params string[] parts)
    {
        var file = _root.File(parts);
        using var stream = File.Create(file);
        stream.SetLength(length);
        return file;
    }
}
