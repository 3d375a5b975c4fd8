using System.Buffers.Binary;
using System.Diagnostics;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

/// <summary>Folders of pictures as people have them: nothing is skipped without a word.</summary>
public sealed class PictureFoldersTests : IDisposable
{
    private readonly TempRoot _root = new();

    public void Dispose() => _root.Dispose();

    private static ImageFolder Source =>
        new()
        {
            Path = "mine",
            Resize = 16,
            Crop = 12,
        };

    [Fact]
    public void Load_WhatSystemsAndEditorsLeaveBehind_IsNoClassAndIsCounted()
    {
        Classes("bus", "car");
        foreach (var folder in (string[])[".ipynb_checkpoints", "__MACOSX", ".git", "@eaDir", "$RECYCLE.BIN"])
        {
            Directory.CreateDirectory(Path.Combine(_root.Path, "mine", folder));
        }

        foreach (var file in (string[])[".DS_Store", "Thumbs.db", "desktop.ini", "._a0.png", "._a1.png", ".hidden.png"])
        {
            File.WriteAllText(_root.File("mine", "bus", file), "x");
        }

        File.WriteAllText(_root.File("mine", "bus", "readme.txt"), "x");
        File.WriteAllText(_root.File("mine", "car", "label"), "x");
        Directory.CreateDirectory(Path.Combine(_root.Path, "mine", "car", "more"));

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(["bus", "car"], splits.Train.ClassNames);
        Assert.Equal(10, splits.Train.Count + splits.Test.Count);
        var left = splits.Remarks[^1];
        Assert.StartsWith("left out: ", left);
        foreach (
            var kind in (string[])
                [
                    "1 × .ipynb_checkpoints folder (.ipynb_checkpoints)",
                    "1 × __MACOSX folder (__MACOSX)",
                    "1 × hidden folder (.git)",
                    "2 × system folder (the first is $RECYCLE.BIN)",
                    "1 × .DS_Store file (",
                    "2 × system file of Windows (the first is ",
                    "2 × ._ file of macOS (the first is ",
                    "1 × hidden file (",
                    "1 × .txt file, no picture (",
                    "1 × file without an ending (",
                    "1 × folder inside a class folder (",
                ]
        )
        {
            Assert.Contains(kind, left);
        }

        Assert.Equal(left, Source.Inspect(_root.Path).Remarks[^1]);
        Assert.Equal(2, Source.ShapeIn(_root.Path).Classes);
    }

    [Fact]
    public void Load_BmpWebPAndGif_AreRead()
    {
        File.WriteAllBytes(_root.File("mine", "train", "a", "x.bmp"), Pictures.Bmp(17, 16, 200, 100, 50));
        File.WriteAllBytes(_root.File("mine", "train", "b", "x.webp"), Pictures.WebP(16, 16, 10, 20, 30));
        File.WriteAllBytes(_root.File("mine", "train", "c", "x.GIF"), Pictures.Gif(7, 8, 9));
        File.WriteAllBytes(_root.File("mine", "val", "a", "x.png"), Pictures.Png(16, 16, 1, 2, 3));

        var train = Source.Load(_root.Path, TempRoot.Seeds).Train;

        Assert.Equal(3, train.Count);
        Assert.Equal(
            [(200, 100, 50), (10, 20, 30), (7, 8, 9)],
            Enumerable
                .Range(0, 3)
                .Select(i => ((int)train.Image(i)[0], (int)train.Image(i)[144], (int)train.Image(i)[288]))
        );
    }

    [Theory]
    [InlineData("x.tif", "it holds x.tif")]
    [InlineData("notes.txt", "it holds notes.txt")]
    [InlineData("", "it is empty")]
    public void Load_ClassWithoutReadablePictures_IsRefusedByItsName(string file, string expected)
    {
        Classes("bus", "car");
        var folder = Path.Combine(_root.Path, "mine", "van");
        Directory.CreateDirectory(folder);
        if (file.Length > 0)
        {
            File.WriteAllText(Path.Combine(folder, file), "x");
        }

        var message = _root.FailureOf(Source);

        Assert.StartsWith(
            $"Class folder {folder} has no JPEG, PNG, PPM, BMP, WebP or GIF picture: {expected}.",
            message
        );
        Assert.Contains("Convert its pictures to PNG", message);
    }

    [Fact]
    public void Load_KindsThatAreNotRead_AreNamedWithTheRemedy()
    {
        Classes("bus", "car");
        File.WriteAllText(_root.File("mine", "bus", "x.TIF"), "x");

        Assert.Contains(
            $"1 × .tif picture, a kind that is not read ({Path.Combine("bus", "x.TIF")}); convert them to PNG",
            Source.Load(_root.Path, TempRoot.Seeds).Remarks[^1]
        );
    }

    [Fact]
    public void Load_ATiffCalledPng_IsNamedForWhatItIs()
    {
        Classes("bus", "car");
        File.WriteAllBytes(_root.File("mine", "bus", "x.png"), [(byte)'I', (byte)'I', 42, 0, 8, 0, 0, 0, 0, 0]);

        Assert.Contains(
            "x.png, byte 0: this is not a JPEG, PNG, PPM, BMP, WebP or GIF picture (it is TIFF). Replace or remove the file.",
            _root.FailureOf(Source)
        );
    }

    [SkippableTheory]
    [InlineData("/dev/zero")]
    [InlineData(null)]
    public async Task Load_DeviceOrPipeByAPicturesName_IsRefusedUnopened(string? target)
    {
        Skip.If(OperatingSystem.IsWindows(), "No such files.");
        Classes("bus", "car");
        var file = _root.File("mine", "bus", "x.png");
        Special(file, target);

        var message = await Task.Run(() => _root.FailureOf(Source)).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.StartsWith(file, message);
        Assert.Contains("is empty or no regular file (a device, a named pipe, a socket); it was not opened.", message);
    }

    [Fact]
    public void Load_FolderByAPicturesName_IsRefused()
    {
        Classes("bus", "car");
        var folder = Path.Combine(_root.Path, "mine", "bus", "x.png");
        Directory.CreateDirectory(folder);

        Assert.StartsWith($"{folder} is a folder, not a file.", _root.FailureOf(Source));
    }

    [SkippableTheory]
    [InlineData("/dev/zero")]
    [InlineData(null)]
    public async Task Load_DeviceOrPipeInPlaceOfAnyDataFile_IsRefusedUnopened(string? target)
    {
        Skip.If(OperatingSystem.IsWindows(), "No such files.");
        var labels = _root.File("MNIST", "raw", "train-labels-idx1-ubyte");
        Special(labels, target);
        Special(_root.File("MNIST", "raw", "train-images-idx3-ubyte"), target);
        Special(_root.File("MNIST", "raw", "t10k-labels-idx1-ubyte"), target);
        Special(_root.File("MNIST", "raw", "t10k-images-idx3-ubyte"), target);
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
            Special(_root.File("cifar-10-batches-bin", name), target);
        }

        Special(_root.File("cifar-100-python", "train"), target);
        Special(_root.File("cifar-100-python", "test"), target);
        Special(_root.File("gtsrb", "Train.csv"), target);
        Special(_root.File("gtsrb", "Test.csv"), target);

        foreach (var source in (DatasetSource[])[new Mnist(), new Cifar10(), new Cifar100(), new Gtsrb()])
        {
            Assert.Contains(
                "it was not opened",
                await Task.Run(() => _root.FailureOf(source)).WaitAsync(TimeSpan.FromMinutes(1))
            );
        }
    }

    [Fact]
    public void Load_PictureOfAHundredMillionPixels_IsRefusedBeforeMemoryIsAskedFor()
    {
        Classes("bus", "car");
        var file = _root.File("mine", "bus", "x.png");
        File.WriteAllBytes(file, HugePng(40_000, 30_000));

        var message = _root.FailureOf(Source);

        Assert.StartsWith(file, message);
        Assert.Contains("the picture has 40,000 x 30,000 pixels; at most 50,000,000 are read.", message);
    }

    [Fact]
    public void Load_LongThinPicture_IsRefusedWhereResizingWouldMakeItHuge()
    {
        Classes("bus", "car");
        File.WriteAllBytes(_root.File("mine", "bus", "x.png"), Pictures.Png(1, 20_000, 1, 2, 3));

        var message = Assert
            .Throws<DatasetException>(() => (Source with { Resize = 256 }).Load(_root.Path, TempRoot.Seeds))
            .Message;

        Assert.Contains("1 x 20000 pixels would be 5,120,000 x 256 after resizing", message);
    }

    [Fact]
    public void Load_NumberedClasses_AreInNumericOrder()
    {
        Classes("1", "2", "10", "011");

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(["1", "2", "10", "011"], splits.Train.ClassNames);
        Assert.Equal([0, 1, 2, 3], splits.Train.Labels.Distinct());
        Assert.Contains("classes in numeric order: 1, 2, 10, 011", splits.Remarks);
        Assert.Equal(
            ["011", "1", "10", "2"],
            (Source with { ClassOrder = ClassOrder.Alphabetical }).Load(_root.Path, TempRoot.Seeds).Train.ClassNames
        );
    }

    [Fact]
    public void Load_OneNameThatIsNoNumber_MakesTheOrderAlphabetical()
    {
        Classes("1", "2", "10", "x");

        Assert.Equal(["1", "10", "2", "x"], Source.Load(_root.Path, TempRoot.Seeds).Train.ClassNames);
    }

    [Fact]
    public void Load_OrderFile_DecidesTheLabels()
    {
        Classes("bus", "car", "van");
        File.WriteAllText(_root.File("mine", "classes.txt"), "\uFEFFvan\r\nbus\r\ncar\r\n\r\n");
        File.WriteAllText(_root.File("mine", "other.txt"), "car\nvan\nbus");

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(["van", "bus", "car"], splits.Train.ClassNames);
        Assert.Contains("classes in the order of classes.txt: van, bus, car", splits.Remarks);
        Assert.Equal(
            ["car", "van", "bus"],
            (Source with { ClassFile = "other.txt" }).Load(_root.Path, TempRoot.Seeds).Train.ClassNames
        );
        Assert.Equal(
            ["bus", "car", "van"],
            (Source with { ClassOrder = ClassOrder.Alphabetical }).Load(_root.Path, TempRoot.Seeds).Train.ClassNames
        );
    }

    [Theory]
    [InlineData("bus\nlorry\ncar", "line 2: there is no class folder 'lorry'.")]
    [InlineData("bus\ncar\nbus", "line 3: 'bus' has a line already.")]
    [InlineData("car", "does not name the class folder bus.")]
    public void Load_OrderFileThatDoesNotFit_IsRefused(string text, string expected)
    {
        Classes("bus", "car");
        File.WriteAllText(_root.File("mine", "classes.txt"), text);

        Assert.Contains(expected, _root.FailureOf(Source));
    }

    [Theory]
    [InlineData("../x.txt")]
    [InlineData("/etc/passwd")]
    public void Load_OrderFileOutsideTheFolder_IsRefused(string file)
    {
        Classes("bus", "car");

        Assert.Contains(
            "Set 'classFile' to a relative path",
            Assert
                .Throws<DatasetException>(() => (Source with { ClassFile = file }).Load(_root.Path, TempRoot.Seeds))
                .Message
        );
    }

    [Theory]
    [InlineData("valid")]
    [InlineData("Test")]
    public void Load_OtherNamesOfTheTestFolder_AreUnderstood(string test)
    {
        foreach (var split in (string[])["Train", test])
        {
            foreach (var name in (string[])["a", "b"])
            {
                File.WriteAllBytes(_root.File("mine", split, name, "x.png"), Pictures.Png(16, 16, 1, 2, 3));
            }
        }

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal((2, 2), (splits.Train.Count, splits.Test.Count));
        Assert.Equal(["a", "b"], splits.Train.ClassNames);
    }

    private void Classes(params string[] names)
    {
        foreach (var name in names)
        {
            for (var i = 0; i < 5; i++)
            {
                File.WriteAllBytes(_root.File("mine", name, $"a{i}.png"), Pictures.Png(16, 16, (byte)i, 2, 3));
            }
        }
    }

    private static void Special(string file, string? target)
    {
        if (target is null)
        {
            using var made = Process.Start("mkfifo", [file]);
            made.WaitForExit();
        }
        else
        {
            File.CreateSymbolicLink(file, target);
        }
    }

    /// <summary>A small picture whose header claims another size; its checksum is right.</summary>
    private static byte[] HugePng(int width, int height)
    {
        var bytes = Pictures.Png(2, 2, 1, 2, 3);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(29), Crc(bytes.AsSpan(12, 17)));
        return bytes;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
