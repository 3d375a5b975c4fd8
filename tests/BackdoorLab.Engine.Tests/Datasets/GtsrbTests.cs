using System.Globalization;
using System.Text;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

[Trait("Category", "Slow")]
public sealed class GtsrbTests : IDisposable
{
    private const string Header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId";
    private readonly TempRoot _root = new();

    /// <summary>43 classes with three tracks of two frames, 8 x 6 pixels, and 43 test pictures.</summary>
    public GtsrbTests()
    {
        var test = new StringBuilder(Header + "\r\n");
        for (var label = 0; label < 43; label++)
        {
            var table = new StringBuilder(Header + "\r\n");
            foreach (
                var name in (string[])
                    ["00000_00000", "00000_00001", "00001_00000", "00001_00001", "00002_00000", "00002_00001"]
            )
            {
                WritePpm(Training(label, name + ".ppm"), (byte)label);
                table.Append(CultureInfo.InvariantCulture, $"{name}.ppm;8;6;1;1;6;4;{label}\r\n");
            }

            File.WriteAllText(Table(label), table.ToString());
            WritePpm(_root.File("gtsrb", "GTSRB", "Final_Test", "Images", $"{label:D5}.ppm"), 200);
            test.Append(CultureInfo.InvariantCulture, $"{label:D5}.ppm;8;6;1;1;6;4;{42 - label}\r\n");
        }

        File.WriteAllText(_root.File("gtsrb", "GT-final_test.csv"), test.ToString());
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Load_OfficialFolders_GivesLabelsTracksAndRemark()
    {
        var splits = new Gtsrb().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal((258, 43), (splits.Train.Count, splits.Test.Count));
        Assert.Equal((42, 42), (splits.Train.Labels[257], splits.Test.Labels[0]));
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], splits.Train.Groups![..8]);
        Assert.Equal(128, splits.Train.Groups!.Max());
        Assert.All(splits.Test.Image(0).ToArray(), pixel => Assert.Equal(200, pixel));
        Assert.Equal(
            "the data root holds 258 of 39,209 published training images and 43 of 12,630 test images",
            Assert.Single(splits.Remarks)
        );
        Assert.False(splits.FlipAllowed);
    }

    [Fact]
    public void Load_TrainLimit_TakesWholeTracks()
    {
        var splits = new Gtsrb { TrainLimit = 86 }.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(86, splits.Train.Count);
        Assert.All(splits.Train.Groups!.GroupBy(track => track), track => Assert.Equal(2, track.Count()));
        Assert.Equal(43, splits.Train.Labels.Distinct().Count());
        Assert.Contains("subset: 86 of 258 training images, whole tracks", splits.Remarks);
    }

    [Fact]
    public void Load_CropToRoi_KeepsOnlyTheRegionWithBothCorners()
    {
        // White exactly on the region (1, 1) to (6, 4): nothing of the black frame may remain after the crop.
        var file = _root.File("gtsrb", "GTSRB", "Final_Test", "Images", "00000.ppm");
        var pixels = new byte[8 * 6 * 3];
        for (var y = 1; y <= 4; y++)
        {
            pixels.AsSpan((y * 8 + 1) * 3, 6 * 3).Fill(255);
        }

        File.WriteAllBytes(file, [.. "P6\n8 6\n255\n"u8, .. pixels]);

        var cropped = new Gtsrb { CropToRoi = true }
            .Load(_root.Path, TempRoot.Seeds)
            .Test.Image(0)
            .ToArray();
        var whole = new Gtsrb().Load(_root.Path, TempRoot.Seeds).Test.Image(0).ToArray();

        Assert.All(cropped, pixel => Assert.Equal(255, pixel));
        Assert.Equal(0, whole[0]);
    }

    [Theory]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00000.ppm;8;6;1;1;6;4;41",
        "line 2: class 41 in the folder of class 42."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00000.ppm;8;6;1;1;6;4;43",
        "line 2: class 43 is not in 0..42."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00000.ppm;8;6;1;1;6;42",
        "line 2: 7 fields found, 8 expected."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00000.ppm;8;6;1;x;6;4;42",
        "line 2: 'x' in field 5 is not a whole number."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00000.ppm;8;6;1;1;8;4;42",
        "line 2: the region (1, 1) to (8, 4) does not lie inside 8 x 6 pixels."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00000.ppm;9;6;1;1;6;4;42",
        "line 2: 9 x 6 pixels for 00000_00000.ppm, which has 8 x 6."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "00000_00001.ppm;8;6;1;1;6;4;42",
        "line 3: 00000_00001.ppm has a row already."
    )]
    [InlineData(
        "00000_00000.ppm;8;6;1;1;6;4;42",
        "../00000/00000_00000.ppm;8;6;1;1;6;4;42",
        "line 2: '../00000/00000_00000.ppm' is not the name of a picture."
    )]
    [InlineData(
        "00002_00001.ppm;8;6;1;1;6;4;42",
        "00009_00001.ppm;8;6;1;1;6;4;42",
        "line 7: 00009_00001.ppm is listed but not in"
    )]
    [InlineData(
        "00002_00001.ppm;8;6;1;1;6;4;42\r\n",
        "",
        "1 pictures of the folder have no row, the first is 00002_00001.ppm."
    )]
    [InlineData("Filename;", "File;", "line 1: the header must be")]
    public void Load_DamagedTable_NamesLine(string from, string to, string expected)
    {
        var text = File.ReadAllText(Table(42));
        File.WriteAllText(Table(42), text.Replace(from, to, StringComparison.Ordinal));

        var message = _root.FailureOf(new Gtsrb());

        Assert.StartsWith(Table(42), message);
        Assert.Contains(expected, message);
    }

    [Theory]
    [InlineData("P6\n8 6\n255\n", 143, "byte 154: the file ends here; 8 x 6 pixels need 155 bytes.")]
    [InlineData("P6\n8 6\n255\n", 145, "byte 155: 1 bytes follow the last pixel.")]
    [InlineData("P3\n8 6\n255\n", 144, "byte 0: a binary PPM starts with P6")]
    [InlineData("P6\n8 6\n127\n", 144, "the largest channel value is 127; only 255")]
    [InlineData("P6\nx 6\n255\n", 144, "byte 3: the width in the header must be a number from 1 to 32768.")]
    [InlineData("P6\n8 99999999999\n255\n", 144, "the height in the header must be a number from 1 to 32768.")]
    public void Load_DamagedPicture_NamesOffset(string header, int pixels, string expected)
    {
        var file = Training(3, "00001_00000.ppm");
        File.WriteAllBytes(file, [.. Encoding.ASCII.GetBytes(header), .. new byte[pixels]]);

        var message = _root.FailureOf(new Gtsrb());

        Assert.StartsWith(file, message);
        Assert.Contains(expected, message);
    }

    [Theory]
    [InlineData("\r\n\r\n", false)]
    [InlineData("\n \n", false)]
    [InlineData("", true)]
    public void Load_BlankLinesAndByteOrderMark_SayNothing(string end, bool mark)
    {
        var text = File.ReadAllText(Table(42)) + end;
        File.WriteAllText(Table(42), text, new UTF8Encoding(mark));

        Assert.Equal(258, new Gtsrb().Load(_root.Path, TempRoot.Seeds).Train.Count);
    }

    [Fact]
    public void Load_FilesOfASystem_AreLeftOutAndCounted()
    {
        File.WriteAllText(Training(3, "._00001_00000.ppm"), "x");
        File.WriteAllText(Training(3, "Thumbs.db"), "x");

        var splits = new Gtsrb().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(258, splits.Train.Count);
        Assert.Contains(
            splits.Remarks,
            remark =>
                remark.StartsWith("left out: 1 × ._ file of macOS (", StringComparison.Ordinal)
                && remark.Contains("1 × system file of Windows", StringComparison.Ordinal)
        );
        Assert.Equal(splits.Remarks[^1], new Gtsrb().Inspect(_root.Path).Remarks[^1]);
    }

    [Fact]
    public void Load_CommentInHeader_IsAccepted()
    {
        File.WriteAllBytes(
            Training(0, "00000_00000.ppm"),
            [.. "P6 # made by hand\n8 # width\n6\n255\n"u8, .. Enumerable.Repeat((byte)9, 144)]
        );

        Assert.All(
            new Gtsrb().Load(_root.Path, TempRoot.Seeds).Train.Image(0).ToArray(),
            pixel => Assert.Equal(9, pixel)
        );
    }

    [Fact]
    public void Load_ClassFolderMissing_NamesIt()
    {
        var folder = Path.GetDirectoryName(Table(17))!;
        Directory.Delete(folder, recursive: true);

        Assert.Contains("class folder " + folder, _root.FailureOf(new Gtsrb()));
    }

    [Fact]
    public void Load_TestLabelsMissing_NamesFile()
    {
        File.Delete(_root.File("gtsrb", "GT-final_test.csv"));

        Assert.Contains("GT-final_test.csv (the labels of the test images) not found", _root.FailureOf(new Gtsrb()));
    }

    [SkippableFact]
    public void Gtsrb_RealSubset_HasTheStatedCounts()
    {
        var root = DataRoot.Require("gtsrb");
        Skip.If(File.ReadLines(Path.Combine(root, "gtsrb", "GT-final_test.csv")).Count() != 2527, "Another subset.");

        var status = new Gtsrb().Inspect(root);
        var splits = new Gtsrb().Load(root, TempRoot.Seeds);

        Assert.Equal((DatasetState.Partial, 6032, 2526), (status.State, status.TrainCount, status.TestCount));
        Assert.Null(status.ChecksumOk);
        Assert.Equal((6032, 2526), (splits.Train.Count, splits.Test.Count));
        Assert.Equal(
            [32, 342, 346, 217, 305],
            Enumerable.Range(0, 5).Select(label => splits.Train.Labels.Count(found => found == label))
        );
        Assert.Equal(
            [13, 139, 151, 76, 135],
            Enumerable.Range(0, 5).Select(label => splits.Test.Labels.Count(found => found == label))
        );
        Assert.All(splits.Train.Groups!.GroupBy(track => track), track => Assert.InRange(track.Count(), 4, 5));
        Assert.Equal(
            "the data root holds 6,032 of 39,209 published training images and 2,526 of 12,630 test images",
            Assert.Single(splits.Remarks)
        );
    }

    [SkippableFact]
    public void Resampling_OriginalPictures_EqualTheReferenceToTheByte()
    {
        var root = DataRoot.Require(Path.Combine("gtsrb", "original-resolution-sample"));
        var originals = Path.Combine(root, "gtsrb", "original-resolution-sample", "GTSRB", "Final_Training", "Images");
        var reduced = Path.Combine(root, "gtsrb", "GTSRB", "Final_Training", "Images");
        var pairs = Directory
            .EnumerateFiles(originals, "*.ppm", SearchOption.AllDirectories)
            .Select(file => (Original: file, Reduced: Path.Combine(reduced, Path.GetRelativePath(originals, file))))
            .Where(pair => File.Exists(pair.Reduced))
            .ToList();

        Assert.NotEmpty(pairs);
        foreach (var (original, expected) in pairs)
        {
            var picture = Ppm.Decode(original, File.ReadAllBytes(original), "");

            Assert.Equal(
                Ppm.Decode(expected, File.ReadAllBytes(expected), "").Pixels,
                Resampling.Bilinear(picture, 32, 32).Pixels
            );
        }
    }

    private static void WritePpm(string file, byte value) =>
        File.WriteAllBytes(file, [.. "P6\n8 6\n255\n"u8, .. Enumerable.Repeat(value, 8 * 6 * 3)]);

    private string Training(int label, string name) =>
        _root.File(
            "gtsrb",
            "GTSRB",
            "Final_Training",
            "Images",
            label.ToString("D5", CultureInfo.InvariantCulture),
            name
        );

    private string Table(int label) => Training(label, $"GT-{label:D5}.csv");
}
