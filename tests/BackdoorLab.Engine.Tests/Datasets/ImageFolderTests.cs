using BackdoorLab.Engine.Datasets;
using SkiaSharp;

namespace BackdoorLab.Engine.Tests.Datasets;

public sealed class ImageFolderTests : IDisposable
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
    public void Load_TrainAndVal_TakesFoldersAsClasses()
    {
        WriteColour(20, 40, 255, 0, 0, "mine", "train", "red", "a.png");
        WriteColour(40, 20, 0, 0, 255, "mine", "train", "blue", "a.png");
        WriteColour(30, 30, 0, 0, 250, "mine", "val", "blue", "b.png");

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal(["blue", "red"], splits.Train.ClassNames);
        Assert.Equal([0, 1], splits.Train.Labels);
        Assert.Equal((3, 12, 12), (splits.Train.Channels, splits.Train.Height, splits.Train.Width));
        Assert.All(splits.Train.Image(1)[..144].ToArray(), red => Assert.Equal(255, red));
        Assert.All(splits.Train.Image(1)[144..].ToArray(), other => Assert.Equal(0, other));
        Assert.All(splits.Test.Image(0)[288..].ToArray(), blue => Assert.Equal(250, blue));
        Assert.True(splits.FlipAllowed);
    }

    [Fact]
    public void Load_WidePicture_CutsTheCenter()
    {
        // 48 x 16: left third black, middle third white, right third black; no resize happens since the short side
        // fits.
        var pixels = new byte[48 * 16 * 3];
        for (var y = 0; y < 16; y++)
        {
            pixels.AsSpan((y * 48 + 16) * 3, 48).Fill(255);
        }

        File.WriteAllBytes(_root.File("mine", "train", "a", "x.png"), ImageFiles.EncodePng(pixels, 48, 16, 3));
        WriteColour(16, 16, 1, 2, 3, "mine", "train", "b", "x.png");
        WriteColour(16, 16, 1, 2, 3, "mine", "val", "b", "x.png");

        var splits = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.All(splits.Train.Image(0).ToArray(), pixel => Assert.Equal(255, pixel));
    }

    [Fact]
    public void Load_OneFolder_SplitsEveryClassAndIsRepeatable()
    {
        for (var i = 0; i < 20; i++)
        {
            WriteColour(16, 16, (byte)i, 0, 0, "mine", i < 10 ? "a" : "b", $"{i:D2}.png");
        }

        var first = Source.Load(_root.Path, TempRoot.Seeds);
        var second = Source.Load(_root.Path, TempRoot.Seeds);

        Assert.Equal([0, 0, 1, 1], first.Test.Labels);
        Assert.Equal(16, first.Train.Count);
        Assert.Equal(first.Test.Pixels, second.Test.Pixels);
        var reds = first.Train.Pixels.Concat(first.Test.Pixels).Where((_, i) => i % 432 == 0);
        Assert.Equal(Enumerable.Range(0, 20), reds.Select(red => (int)red).Order());
        Assert.Contains("test images are 4 of 20 images", first.Remarks[0]);
        Assert.Equal("classes in alphabetical order: a, b", first.Remarks[1]);
    }

    [Fact]
    public void ShapeIn_OneFolderWithoutTraining_CountsItsClassesAndTestsOnNearlyAll()
    {
        for (var i = 0; i < 20; i++)
        {
            WriteColour(16, 16, (byte)i, 0, 0, "mine", i < 10 ? "a" : "b", $"{i:D2}.png");
        }

        Assert.Equal(new(3, 12, 12, 2, 16, 4), Source.ShapeIn(_root.Path));
        Assert.Equal(new(3, 12, 12, 2, 2, 18), Source.WithoutTraining().ShapeIn(_root.Path));
        Assert.Equal(18, Source.WithoutTraining().Load(_root.Path, TempRoot.Seeds).Test.Count);
    }

    [Fact]
    public void Load_TrainLimit_ReadsOnlyTheChosenFiles()
    {
        for (var i = 0; i < 8; i++)
        {
            WriteColour(16, 16, (byte)i, 0, 0, "mine", "train", i < 4 ? "a" : "b", $"{i}.png");
        }

        WriteColour(16, 16, 1, 2, 3, "mine", "val", "a", "x.png");

        var splits = (Source with { TrainLimit = 4 }).Load(_root.Path, TempRoot.Seeds);

        Assert.Equal([0, 0, 1, 1], splits.Train.Labels);
        Assert.Contains("subset: 4 of 8 training images", splits.Remarks);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg, "x.jpeg")]
    [InlineData(SKEncodedImageFormat.Png, "x.png")]
    public void Load_TruncatedPicture_IsRefusedWhole(SKEncodedImageFormat format, string name)
    {
        var file = _root.File("mine", "train", "a", name);
        WriteColour(16, 16, 1, 2, 3, "mine", "train", "b", "x.png");
        WriteColour(16, 16, 1, 2, 3, "mine", "val", "b", "x.png");
        using (var bitmap = new SKBitmap(200, 200))
        {
            for (var i = 0; i < 40_000; i++)
            {
                bitmap.SetPixel(i % 200, i / 200, new SKColor((uint)i * 2654435761u | 0xFF000000u));
            }

            using var data = bitmap.Encode(format, 90);
            File.WriteAllBytes(file, data.ToArray()[..(int)(data.Size / 2)]);
        }

        var message = Assert.Throws<DatasetException>(() => Source.Load(_root.Path, TempRoot.Seeds)).Message;

        Assert.StartsWith(file, message);
        Assert.Contains("cut off or corrupt", message);
        Assert.Contains("200 x 200 pixels expected", message);
    }

    [Fact]
    public void Load_NotAPicture_IsNamed()
    {
        WriteColour(16, 16, 1, 2, 3, "mine", "train", "b", "x.png");
        WriteColour(16, 16, 1, 2, 3, "mine", "val", "b", "x.png");
        var file = _root.File("mine", "train", "a", "x.jpg");
        File.WriteAllText(file, "<html>Not found</html>");

        Assert.StartsWith(
            $"{file}, byte 0: this is not a JPEG, PNG, PPM, BMP, WebP or GIF picture (it is a web page or other text).",
            _root.FailureOf(Source)
        );
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/../../b")]
    [InlineData("/etc")]
    [InlineData("")]
    public void Load_PathOutsideTheRoot_IsRefused(string path)
    {
        Assert.Contains("not a folder below the data root", _root.FailureOf(new ImageFolder { Path = path }));
    }

    [Fact]
    public void Load_CropAboveResize_NamesTheParameter()
    {
        var error = Assert.Throws<DatasetException>(() =>
            new ImageFolder { Resize = 100, Crop = 120 }.Load(_root.Path, TempRoot.Seeds)
        );

        Assert.Contains("Set 'resize' to at least 120", error.Message);
    }

    [Fact]
    public void Load_ValClassUnknownToTrain_IsRefused()
    {
        WriteColour(16, 16, 1, 2, 3, "mine", "train", "a", "x.png");
        WriteColour(16, 16, 1, 2, 3, "mine", "train", "b", "x.png");
        WriteColour(16, 16, 1, 2, 3, "mine", "val", "c", "x.png");

        Assert.Contains("has no counterpart", _root.FailureOf(Source));
    }

    [SkippableFact]
    public void Load_RealJpegs_GivesSixteenClasses()
    {
        var root = DataRoot.Require("imagenet-sample");

        var splits = new ImageFolder { Path = "imagenet-sample" }.Load(root, TempRoot.Seeds);

        Assert.Equal(
            (13, 3, 16, 224),
            (splits.Train.Count, splits.Test.Count, splits.Train.Classes, splits.Train.Width)
        );
        Assert.Equal("n01630670", splits.Train.ClassNames[0]);
        Assert.All(Enumerable.Range(0, 13), i => Assert.True(splits.Train.Image(i).ToArray().Distinct().Count() > 100));
    }

    [Fact]
    public void EncodePng_Scaled_RepeatsPixelsAndKeepsColours()
    {
        byte[] pixels = [255, 0, 0, 0, 128, 255];
        using var stream = new MemoryStream();

        ImageFiles.WritePng(new PixelImage("two", 2, 1, 3, pixels), stream, 3);

        using var bitmap = SKBitmap.Decode(stream.ToArray());
        Assert.Equal((6, 3), (bitmap.Width, bitmap.Height));
        Assert.Equal(new SKColor(255, 0, 0), bitmap.GetPixel(2, 2));
        Assert.Equal(new SKColor(0, 128, 255), bitmap.GetPixel(3, 0));
    }

    [Fact]
    public void EncodePng_Grey_KeepsValues()
    {
        using var bitmap = SKBitmap.Decode(ImageFiles.EncodePng([0, 77, 255], 3, 1, 1));

        Assert.Equal([0, 77, 255], Enumerable.Range(0, 3).Select(x => (int)bitmap.GetPixel(x, 0).Green));
    }

    [Fact]
    public void EncodePng_WrongLength_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ImageFiles.EncodePng(new byte[5], 2, 1, 3));

    private void WriteColour(int width, int height, byte red, byte green, byte blue, params string[] parts)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i += 3)
        {
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (red, green, blue);
        }

        File.WriteAllBytes(_root.File(parts), ImageFiles.EncodePng(pixels, width, height, 3));
    }
}
