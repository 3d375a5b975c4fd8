using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Tests.Datasets;

/// <summary>The identity of data: what moves it, and what must not.</summary>
public sealed class DataFactsTests : IDisposable
{
    private static readonly SyntheticSigns Loader = new();

    private static readonly ImageSet Four = new([1, 2, 3, 4], [0, 1, 0, 1], 1, 1, 1, ["cat", "dog"]);

    private static readonly DatasetSplits Plain = new(Four, Four, Normalization.Identity(1), FlipAllowed: true);

    private readonly TempRoot _root = new();

    public static TheoryData<string> Changes => [.. Changed.Keys];

    private static Dictionary<string, DatasetSplits> Changed { get; } =
        new()
        {
            ["a pixel"] = Plain with { Train = Four with { Pixels = [1, 2, 3, 5] } },
            ["a label"] = Plain with { Train = Four with { Labels = [0, 1, 0, 0] } },
            ["a test label"] = Plain with { Test = Four with { Labels = [0, 1, 0, 0] } },
            ["the order of images"] = Plain with { Train = Four.Select([1, 0, 2, 3]) },
            ["a class name"] = Plain with { Train = Four with { ClassNames = ["cat", "fox"] } },
            ["the order of classes"] = Plain with { Train = Four with { ClassNames = ["dog", "cat"] } },
            ["a class without images"] = Plain with { Train = Four with { ClassNames = ["cat", "dog", "fox"] } },
            ["where a name ends"] = Plain with { Train = Four with { ClassNames = ["catd", "og"] } },
            ["groups"] = Plain with { Train = Four with { Groups = [0, 0, 1, 1] } },
            ["the shape of the same bytes"] = Plain with { Train = new([1, 2, 3, 4], [0, 1], 1, 2, 1, ["cat", "dog"]) },
            ["rows and columns"] = Plain with { Train = new([1, 2, 3, 4], [0, 1], 1, 1, 2, ["cat", "dog"]) },
            ["the splits"] = Plain with { Train = Four.Select([0, 1, 2]), Test = Four.Select([0, 1, 2, 3, 3]) },
            ["which split is which"] = new(Four.Select([0, 1]), Four, Plain.Normalization, true),
            ["the other way round"] = new(Four, Four.Select([0, 1]), Plain.Normalization, true),
            ["the mean"] = Plain with { Normalization = new([0.5f], [1]) },
            ["the deviation"] = Plain with { Normalization = new([0], [0.5f]) },
            ["whether flips keep the label"] = Plain with { FlipAllowed = false },
        };

    public void Dispose() => _root.Dispose();

    [Theory]
    [MemberData(nameof(Changes))]
    public void Fingerprint_OfAnotherInput_Moves(string change)
    {
        var all = Changed.ToDictionary(entry => entry.Key, entry => DataFacts.Of(Loader, entry.Value).Fingerprint);

        Assert.Equal(32, all[change].Length);
        Assert.NotEqual(DataFacts.Of(Loader, Plain).Fingerprint, all[change]);
        Assert.Single(all.Values, all[change]);
    }

    [Fact]
    public void Fingerprint_OfEqualContent_IsTheSameWhateverTheRemarks()
    {
        var copy = Plain with { Train = Four.WithCopiedPixels(), Remarks = ["another sentence"] };

        Assert.Equal(DataFacts.Of(Loader, Plain), DataFacts.Of(Loader, copy));
    }

    [Fact]
    public void Fingerprint_OfAnotherVersionOfTheLoader_Moves() =>
        Assert.NotEqual(DataFacts.Of(Loader, Plain).Fingerprint, DataFacts.Of(new Later(), Plain).Fingerprint);

    [Fact]
    public void Source_OfASubset_IsTheSameForEverySeedAndTheFingerprintIsNot()
    {
        var limited = new SyntheticSigns
        {
            TrainCount = 200,
            TestCount = 100,
            TrainLimit = 50,
        };

        var one = DataFacts.Of(limited, limited.Load("", TempRoot.Seeds));
        var other = DataFacts.Of(limited, limited.Load("", TempRoot.Seeds.Child("other")));

        Assert.NotEqual(one.Fingerprint, other.Fingerprint);
        Assert.Equal(one.Source, other.Source);
        Assert.Equal((50, 100, 10), (one.Train.Count, one.Test.Count, one.Classes));
        Assert.NotEqual(one.Source, DataFacts.Of(limited, (limited with { Seed = 2 }).Load("", TempRoot.Seeds)).Source);
    }

    [Fact]
    public void Source_OfAFullSet_IsItsFingerprint() =>
        Assert.Equal(DataFacts.Of(Loader, Plain).Fingerprint, DataFacts.Of(Loader, Plain).Source);

    [Fact]
    public void Facts_OfAFolderThatIsSplit_DependOnContentAndNotOnPlaceOrNames()
    {
        Picture("here", "a", "1.png", 10);
        Picture("here", "a", "2.png", 20);
        Picture("here", "b", "1.png", 30);
        Picture("here", "b", "2.png", 40);
        Picture("there", "a", "first.png", 10);
        Picture("there", "a", "second.png", 20);
        Picture("there", "b", "first.png", 30);
        Picture("there", "b", "second.png", 40);
        var here = Facts("here", "a");

        Assert.Equal(here, Facts("there", "a"));

        var (seed, other) = (Facts("here", "a"), Facts("here", "e"));
        Assert.NotEqual(seed.Fingerprint, other.Fingerprint);
        Assert.Equal(seed.Source, other.Source);

        Picture("there", "c", "1.png", 50);
        Assert.NotEqual(here.Source, Facts("there", "a").Source);

        DataFacts Facts(string folder, string seeds)
        {
            var source = new ImageFolder
            {
                Path = folder,
                Resize = 8,
                Crop = 8,
                TestShare = 0.5,
            };
            return DataFacts.Of(source, source.Load(_root.Path, TempRoot.Seeds.Child(seeds)));
        }
    }

    [Fact]
    public void Facts_OfOtherLabelsForTheSamePictures_Differ()
    {
        File.WriteAllBytes(_root.File("mnist", "train-images-idx3-ubyte"), TempRoot.Idx(2051, 30));
        File.WriteAllBytes(_root.File("mnist", "train-labels-idx1-ubyte"), TempRoot.Idx(2049, 30));
        File.WriteAllBytes(_root.File("mnist", "t10k-images-idx3-ubyte"), TempRoot.Idx(2051, 20));
        File.WriteAllBytes(_root.File("mnist", "t10k-labels-idx1-ubyte"), TempRoot.Idx(2049, 20));
        var before = DataFacts.Of(new Mnist(), new Mnist().Load(_root.Path, TempRoot.Seeds));

        TempRoot.Edit(
            _root.File("mnist", "train-labels-idx1-ubyte"),
            bytes => [.. bytes[..8], .. bytes[8..].Select(label => (byte)(9 - label))]
        );
        var after = DataFacts.Of(new Mnist(), new Mnist().Load(_root.Path, TempRoot.Seeds));

        Assert.NotEqual(before.Train.Fingerprint, after.Train.Fingerprint);
        Assert.Equal(before.Test.Fingerprint, after.Test.Fingerprint);
        Assert.NotEqual(before.Fingerprint, after.Fingerprint);
    }

    private void Picture(string folder, string label, string file, byte grey) =>
        File.WriteAllBytes(
            _root.File(folder, label, file),
            ImageFiles.EncodePng(Enumerable.Repeat(grey, 3 * 8 * 8).ToArray(), 8, 8, 3)
        );

    private sealed record Later : DatasetSource
    {
        public override int LoaderVersion => 2;

        public override DatasetShape Shape => throw new NotSupportedException();

        public override DatasetSplits Load(string dataRoot, Engine.Core.SeedTree seeds) =>
            throw new NotSupportedException();

        public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default) =>
            throw new NotSupportedException();
    }
}
