using System.Globalization;
using System.Text;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

/// <summary>
/// Tiny-ImageNet, ImageNet's validation pictures in one folder, and Kaggle's GTSRB, laid out as they are published.
/// </summary>
public sealed class PublishedLayoutTests : IDisposable
{
    private readonly TempRoot _root = new();

    public void Dispose() => _root.Dispose();

    private static ImageFolder Source =>
        new()
        {
            Path = "net",
            Resize = 16,
            Crop = 16,
        };

    [Fact]
    public void Load_TinyImageNet_TakesTheLabelsOfItsList()
    {
        string[] classes = ["n03", "n01", "n02"];
        foreach (var name in classes)
        {
            Png("net", "train", name, "images", $"{name}_0.JPEG");
            File.WriteAllText(_root.File("net", "train", name, $"{name}_boxes.txt"), "x");
        }

        for (var i = 0; i < 6; i++)
        {
            Png("net", "val", "images", $"val_{i}.JPEG");
        }

        Png("net", "test", "images", "test_0.JPEG");
        File.WriteAllLines(_root.File("net", "wnids.txt"), classes);
        File.WriteAllLines(
            _root.File("net", "val", "val_annotations.txt"),
            [.. Enumerable.Range(0, 6).Select(i => $"val_{i}.JPEG\t{classes[i % 3]}\t0\t0\t9\t9"), ""]
        );

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(["n01", "n02", "n03"], splits.Train.ClassNames);
        Assert.Equal([0, 1, 2], splits.Train.Labels);
        Assert.Equal([2, 0, 1, 2, 0, 1], splits.Test.Labels);
        Assert.Contains(
            splits.Remarks,
            remark =>
                remark.StartsWith(
                    "classes in alphabetical order: n01, n02, n03; the order of wnids.txt is another",
                    StringComparison.Ordinal
                )
        );
        Assert.Contains("1 × folder beside train/ (test)", splits.Remarks[^1]);
        Assert.Contains("3 × .txt file, no picture", splits.Remarks[^1]);

        var listed = (Source with { ClassFile = "wnids.txt" }).Load(_root.Path, TempRoot.Seeds);
        Assert.Equal(classes, listed.Train.ClassNames);
        Assert.Equal([0, 1, 2, 0, 1, 2], listed.Test.Labels);
    }

    [Fact]
    public void Load_ValidationInOneFolderWithoutAList_SaysWhatIsThereAndWhatIsWanted()
    {
        Flat();

        var message = _root.FailureOf(Source);

        Assert.StartsWith($"{Path.Combine(_root.Path, "net", "val")} holds 4 pictures and no class folders", message);
        Assert.Contains(
            "wanted: a folder for each class, or the labels in one of val_annotations.txt, LOC_val_solution.csv, val.txt, ILSVRC2012_validation_ground_truth.txt",
            message
        );
    }

    [Theory]
    [InlineData(
        "val.txt",
        "ILSVRC2012_val_00000001.JPEG 2\nILSVRC2012_val_00000002.JPEG 0\nILSVRC2012_val_00000003.JPEG 1\nILSVRC2012_val_00000004.JPEG 1\n\n"
    )]
    [InlineData(
        "val.txt",
        "val/ILSVRC2012_val_00000001.JPEG n03\nILSVRC2012_val_00000002.JPEG n01\nILSVRC2012_val_00000003.JPEG n02\nILSVRC2012_val_00000004.JPEG n02"
    )]
    [InlineData(
        "LOC_val_solution.csv",
        "ImageId,PredictionString\nILSVRC2012_val_00000001,n03 85 1 499 272 n03 1 2 3 4 \nILSVRC2012_val_00000002,n01 1 1 1 1 \nILSVRC2012_val_00000003,n02 1 1 1 1 \nILSVRC2012_val_00000004,n02 1 1 1 1 \n"
    )]
    [InlineData("ILSVRC2012_validation_ground_truth.txt", "1\r\n3\r\n2\r\n2\r\n")]
    public void Load_ValidationInOneFolderWithItsList_TakesTheLabelsFromIt(string list, string text)
    {
        Flat();
        File.WriteAllText(_root.File("net", list), text);
        File.WriteAllText(_root.File("net", "ILSVRC2012_synsets.txt"), "n03\nn02\nn01\n");

        Assert.Equal([2, 0, 1, 1], Source.Load(_root.Path, TempRoot.Seeds).Test.Labels);
    }

    [Fact]
    public void Load_GroundTruthWithoutItsOrder_IsRefusedSinceItIsNotAlphabetical()
    {
        Flat();
        File.WriteAllText(_root.File("net", "ILSVRC2012_validation_ground_truth.txt"), "1\n3\n2\n2\n");

        Assert.Contains("in the order of the devkit's meta.mat, which is not alphabetical", _root.FailureOf(Source));
    }

    [Theory]
    [InlineData("ILSVRC2012_val_00000001.JPEG 3", "line 1: '3' is no class folder of train/ and no label in 0..2.")]
    [InlineData("ILSVRC2012_val_00000001.JPEG", "line 1: a picture and its class expected.")]
    [InlineData(
        "ILSVRC2012_val_00000001.JPEG 0\nILSVRC2012_val_00000001.JPEG 1",
        "line 2: ILSVRC2012_val_00000001.JPEG has a line already."
    )]
    [InlineData(
        "ILSVRC2012_val_00000001.JPEG 0",
        "3 pictures have no line, the first is ILSVRC2012_val_00000002.JPEG."
    )]
    public void Load_ListThatDoesNotFit_IsRefused(string text, string expected)
    {
        Flat();
        File.WriteAllText(_root.File("net", "val.txt"), text);

        Assert.Contains(expected, _root.FailureOf(Source));
    }

    [Fact]
    public void Load_NumbersInAListWhereFoldersAreNumbers_AreFoldersAndNotLabels()
    {
        foreach (var name in (string[])["1", "2"])
        {
            Png("net", "train", name, "x.png");
        }

        Png("net", "val", "a.png");
        File.WriteAllText(_root.File("net", "val.txt"), "a.png 1\nb.png 2");
        var splits = Source.Load(_root.Path, TempRoot.Seeds);
        File.WriteAllText(_root.File("net", "val.txt"), "a.png 0");

        Assert.Equal([0], splits.Test.Labels);
        Assert.Contains("1 lines of val.txt name pictures that are not there", splits.Remarks);
        Assert.Contains("'0' is no class folder of train/.", _root.FailureOf(Source));
    }

    [Fact]
    public void Load_KagglesGtsrb_HasLabelsTracksAndRegions()
    {
        Kaggle();

        var splits = new Gtsrb().Load(_root.Path, TempRoot.Seeds);

        Assert.Equal((172, 43), (splits.Train.Count, splits.Test.Count));
        Assert.Equal((0, 42, 42), (splits.Train.Labels[0], splits.Train.Labels[^1], splits.Test.Labels[0]));
        Assert.Equal([0, 0, 1, 1, 2, 2], splits.Train.Groups![..6]);
        Assert.Equal(86, splits.Train.Groups!.Distinct().Count());
        Assert.Equal(42, (int)splits.Train.Image(171)[0]);
        Assert.Equal(DatasetState.Partial, new Gtsrb().Inspect(_root.Path).State);
    }

    [Fact]
    public void Load_KagglesGtsrbWithAPictureWithoutARow_NamesIt()
    {
        Kaggle();
        Png("gtsrb", "Train", "7", "00007_00009_00000.png");

        Assert.Contains(
            "1 pictures of the folder have no row, the first is 00007_00009_00000.png.",
            _root.FailureOf(new Gtsrb())
        );
    }

    [Fact]
    public void Load_KagglesGtsrbWithoutTestTable_SaysWhatIsThere()
    {
        Kaggle();
        File.Delete(_root.File("gtsrb", "Test.csv"));

        Assert.Contains("GTSRB: Train.csv is in", _root.FailureOf(new Gtsrb()));
    }

    [Fact]
    public void Load_RowThatLeadsOutOfTheFolder_IsRefused()
    {
        Kaggle();
        var table = _root.File("gtsrb", "Train.csv");
        File.WriteAllText(
            table,
            File.ReadAllText(table).Replace("Train/0/00000_00000_00000.png", "../other.png", StringComparison.Ordinal)
        );

        Assert.Contains("line 2: '../other.png' is not the name of a picture.", _root.FailureOf(new Gtsrb()));
    }

    private void Flat()
    {
        foreach (var name in (string[])["n01", "n02", "n03"])
        {
            Png("net", "train", name, "x.JPEG");
        }

        for (var i = 1; i <= 4; i++)
        {
            Png("net", "val", $"ILSVRC2012_val_{i:D8}.JPEG");
        }
    }

    private void Kaggle()
    {
        const string header = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\r\n";
        var (train, test) = (new StringBuilder(header), new StringBuilder(header));
        for (var label = 0; label < 43; label++)
        {
            for (var i = 0; i < 4; i++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{label:D5}_{i / 2:D5}_{i % 2:D5}.png");
                File.WriteAllBytes(
                    _root.File("gtsrb", "Train", $"{label}", name),
                    Pictures.Png(8, 6, (byte)label, 2, 3)
                );
                train.Append(CultureInfo.InvariantCulture, $"8,6,1,1,6,4,{label},Train/{label}/{name}\r\n");
            }

            File.WriteAllBytes(_root.File("gtsrb", "Test", $"{label:D5}.png"), Pictures.Png(8, 6, 1, 2, 3));
            test.Append(CultureInfo.InvariantCulture, $"8,6,1,1,6,4,{42 - label},Test/{label:D5}.png\r\n");
        }

        File.WriteAllText(_root.File("gtsrb", "Train.csv"), train + "\r\n");
        File.WriteAllText(_root.File("gtsrb", "Test.csv"), test.ToString());
    }

    private void Png(params string[] parts) => File.WriteAllBytes(_root.File(parts), Pictures.Png(16, 16, 1, 2, 3));
}
