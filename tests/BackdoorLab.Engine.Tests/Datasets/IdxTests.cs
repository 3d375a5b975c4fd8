using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

public sealed class IdxTests : IDisposable
{
    private readonly TempRoot _root = new();

    public IdxTests()
    {
        File.WriteAllBytes(_root.File("mnist", "train-images-idx3-ubyte.gz"), TempRoot.Gzip(TempRoot.Idx(2051, 30)));
        File.WriteAllBytes(_root.File("mnist", "train-labels-idx1-ubyte.gz"), TempRoot.Gzip(TempRoot.Idx(2049, 30)));
        File.WriteAllBytes(_root.File("mnist", "t10k-images-idx3-ubyte"), TempRoot.Idx(2051, 20));
        File.WriteAllBytes(_root.File("mnist", "t10k-labels-idx1-ubyte"), TempRoot.Idx(2049, 20));
    }

    private string TrainImages => _root.File("mnist", "train-images-idx3-ubyte.gz");

    private string TestImages => _root.File("mnist", "t10k-images-idx3-ubyte");

    private string TestLabels => _root.File("mnist", "t10k-labels-idx1-ubyte");

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Load_PackedAndUnpackedFiles_GivesPixelsLabelsAndSaysItIsAPart()
    {
        var splits = new Mnist().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(30, splits.Train.Count);
        Assert.Equal(20, splits.Test.Count);
        Assert.Equal(
            (1, 28, 28, 10),
            (splits.Train.Channels, splits.Train.Height, splits.Train.Width, splits.Train.Classes)
        );
        Assert.Equal(13, splits.Train.Labels[13] + 10);
        Assert.All(splits.Train.Image(13).ToArray(), pixel => Assert.Equal(13, pixel));
        Assert.Equal(
            "the data root holds 30 of 60,000 published training images and 20 of 10,000 test images",
            Assert.Single(splits.Remarks)
        );
        Assert.False(splits.FlipAllowed);
    }

    [Fact]
    public void Inspect_OtherContent_SaysThatTheChecksumDiffers()
    {
        var status = new Mnist().Inspect(_root.Path);

        Assert.Equal(DatasetState.Partial, status.State);
        Assert.False(status.ChecksumOk);
        Assert.Equal((30, 20), (status.TrainCount, status.TestCount));
    }

    [Fact]
    public void Load_TruncatedContent_NamesFileAndOffset()
    {
        TempRoot.Edit(TestImages, bytes => bytes[..5000]);

        var message = _root.FailureOf(new Mnist());

        Assert.Contains(
            $"{TestImages}, byte 5,000: the content ends here; 15,696 bytes expected for 20 items.",
            message
        );
        Assert.Contains("Replace it", message);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(200)]
    public void Load_TruncatedGzip_IsRefused(int cut)
    {
        TempRoot.Edit(TrainImages, bytes => bytes[..^cut]);

        Assert.Contains(TrainImages, _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_BytesAfterGzip_IsRefused()
    {
        TempRoot.Edit(TrainImages, bytes => [.. bytes, 1, 2, 3]);

        Assert.Contains("bytes after its end", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_CorruptGzip_IsRefused()
    {
        TempRoot.Edit(
            TrainImages,
            bytes =>
            {
                bytes[^6] ^= 0xFF; // a byte of the checksum in the trailer
                return bytes;
            }
        );

        Assert.Contains("gzip data is corrupt", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_WrongMagic_SaysWhatWasFound()
    {
        TempRoot.Edit(
            TestImages,
            bytes =>
            {
                bytes[3] = 1;
                return bytes;
            }
        );

        Assert.Contains($"{TestImages}, byte 0: magic number 2049 found, 2051 expected", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_WrongSide_NamesHeaderField()
    {
        File.WriteAllBytes(TestImages, TempRoot.Idx(2051, 20, 28, 32));

        Assert.Contains(
            $"{TestImages}, byte 12: the header says 32 columns, 28 expected.",
            _root.FailureOf(new Mnist())
        );
    }

    [Fact]
    public void Load_NonsenseCount_IsRefusedBeforeAllocating()
    {
        TempRoot.Edit(
            TestImages,
            bytes =>
            {
                bytes[4] = 0x7F;
                return bytes;
            }
        );

        Assert.Contains("byte 4: the header says 2130706452 items", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_LabelOutOfRange_NamesOffset()
    {
        TempRoot.Edit(
            TestLabels,
            bytes =>
            {
                bytes[8 + 11] = 10;
                return bytes;
            }
        );

        Assert.Contains($"{TestLabels}, byte 19: label 10 is not in 0..9", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_TrailingBytes_IsRefused()
    {
        TempRoot.Edit(TestLabels, bytes => [.. bytes, 0]);

        Assert.Contains("byte 28: 1 bytes follow the last of 20 items", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_CountsDiffer_NamesBoth()
    {
        File.WriteAllBytes(TestLabels, TempRoot.Idx(2049, 19));

        Assert.Contains("19 labels for the 20 images of t10k-images-idx3-ubyte", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_FileShorterThanHeader_IsRefused()
    {
        TempRoot.Edit(TestLabels, bytes => bytes[..5]);

        Assert.Contains("byte 5: the content ends inside the 8-byte header", _root.FailureOf(new Mnist()));
    }

    [Fact]
    public void Load_OneFileMissing_NamesItAndTheFolder()
    {
        File.Delete(TestLabels);

        var message = _root.FailureOf(new Mnist());

        Assert.Contains("t10k-labels-idx1-ubyte[.gz] not found in " + Path.Combine(_root.Path, "mnist"), message);
        Assert.Contains("The other 3 of 4 files", message);
    }

    [SkippableFact]
    public void Mnist_RealFiles_AreThePublishedOnes()
    {
        var root = DataRoot.Require("mnist");

        var status = new Mnist().Inspect(root);
        var splits = new Mnist().Load(root, TempRoot.Seeds);

        Assert.Equal((DatasetState.Found, true), (status.State, status.ChecksumOk));
        Assert.Equal((60_000, 10_000), (splits.Train.Count, splits.Test.Count));
        Assert.Equal([5, 0, 4, 1, 9], splits.Train.Labels[..5]);
        Assert.Equal([7, 2, 1, 0, 4], splits.Test.Labels[..5]);
        Assert.Empty(splits.Remarks);
        Assert.Equal(0.1307, splits.Train.Pixels.AsSpan(0, 784 * 10_000).ToArray().Average(pixel => pixel) / 255, 2);
    }

    [SkippableFact]
    public void FashionMnist_OnlyTestSplit_SaysSo()
    {
        var root = DataRoot.Require("fashion-mnist");
        Skip.If(
            File.Exists(Path.Combine(root, "fashion-mnist", "train-images-idx3-ubyte.gz")),
            "The training split is here."
        );

        var error = Assert.Throws<DatasetException>(() => new FashionMnist().Load(root, TempRoot.Seeds));
        var status = new FashionMnist().Inspect(root);

        Assert.Contains("train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz] not found", error.Message);
        Assert.Contains("only the test images of Fashion-MNIST", error.Message);
        Assert.Contains("github.com/zalandoresearch/fashion-mnist", error.Message);
        Assert.Equal(
            (DatasetState.Missing, true, 0, 10_000),
            (status.State, status.ChecksumOk, status.TrainCount, status.TestCount)
        );
    }
}
