using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The Python version of CIFAR on disk: pickled dictionaries with the pixels as rows of 3,072 bytes and the labels as a
/// list. Nothing in them is run. Files may hold fewer images than the published ones, and training files may be absent;
/// the remarks say so.
/// </summary>
/// <param name="Name">Name on screen.</param>
/// <param name="Folders">Folders to look in, relative to the data root.</param>
/// <param name="ClassNames">Names of the classes of the label that is used.</param>
/// <param name="LabelKey">The dictionary's entry with those labels.</param>
/// <param name="TrainFiles">File name and MD5 of the training files.</param>
/// <param name="TestFile">File name and MD5 of the test file.</param>
internal sealed record CifarPython(
    string Name,
    string[] Folders,
    IReadOnlyList<string> ClassNames,
    string LabelKey,
    (string Name, string Md5)[] TrainFiles,
    (string Name, string Md5) TestFile
)
{
    private const int Side = 32;
    private const int ImageBytes = 3 * Side * Side;
    private const int FullTrain = 50_000;
    private const int FullTest = 10_000;
    private const long MostBytes = 256 << 20;
    private const int MostObjects = 1_000_000;
    private const string Replace =
        "Replace it with the file from the archive at https://www.cs.toronto.edu/~kriz/cifar.html.";

    /// <summary>The folder, where there is one.</summary>
    public string? Folder(string dataRoot) => DataFile.Folder(dataRoot, Folders);

    /// <summary>Loads both splits and applies the limits of <paramref name="source"/>.</summary>
    public DatasetSplits Load(string folder, DatasetSource source, Normalization normalization, SeedTree seeds)
    {
        var (train, test, _) = Read(folder, default);
        return Subsets.Limit(
            source,
            new DatasetSplits(train, test, normalization, FlipAllowed: true)
            {
                Remarks = [.. Remarks(folder, train.Count, test.Count)],
            },
            seeds
        );
    }

    /// <summary>Reads every image and compares checksums.</summary>
    public DatasetStatus Inspect(string folder, string remedy, CancellationToken cancellation)
    {
        var (train, test, different) = Read(folder, cancellation);
        var remarks = Remarks(folder, train.Count, test.Count).ToList();
        var checksums =
            different.Count == 0
                ? "equal"
                : $"{string.Join(", ", different)} differs: readable, but not the published data";
        return new(
            remarks.Count == 0 ? DatasetState.Found : DatasetState.Partial,
            $"{DataFile.Number(train.Count)} training and {DataFile.Number(test.Count)} test images of the Python version; MD5 compared with those of the files in the published archive: {checksums}."
        )
        {
            TrainCount = train.Count,
            TestCount = test.Count,
            ChecksumOk = different.Count == 0,
            Remedy = remedy,
            Remarks = remarks,
        };
    }

    private List<(string Name, string Md5)> Present(string folder) =>
        [.. TrainFiles.Where(file => File.Exists(Path.Combine(folder, file.Name)))];

    private IEnumerable<string> Remarks(string folder, int train, int test)
    {
        if (train != FullTrain || test != FullTest)
        {
            var absent = TrainFiles.Except(Present(folder)).Select(file => file.Name).ToList();
            yield return $"the data root holds {DataFile.Number(train)} of {DataFile.Number(FullTrain)} published training images and {DataFile.Number(test)} of {DataFile.Number(FullTest)} test images"
                + (
                    absent.Count == 0
                        ? ""
                        : $"; {string.Join(", ", absent)} {(absent.Count == 1 ? "is" : "are")} not there"
                );
        }
    }

    private (ImageSet Train, ImageSet Test, List<string> Different) Read(string folder, CancellationToken cancellation)
    {
        var present = Present(folder);
        if (present.Count == 0 || !File.Exists(Path.Combine(folder, TestFile.Name)))
        {
            throw DataFile.Missing(
                $"{Name}: {string.Join(" and ", ((string?[])[present.Count == 0 ? TrainFiles[0].Name : null, File.Exists(Path.Combine(folder, TestFile.Name)) ? null : TestFile.Name]).OfType<string>())} not found in {folder}.",
                $"Unpack the Python version of {Name} there and put it under the data root."
            );
        }

        var different = new List<string>();
        var train = Join([.. present.Select(One)]);
        return (train, Join([One(TestFile)]), different);

        (ReadOnlyMemory<byte> Pixels, int[] Labels) One((string Name, string Md5) file)
        {
            cancellation.ThrowIfCancellationRequested();
            var path = Path.Combine(folder, file.Name);
            var bytes = DataFile.ReadAll(path, Replace, MostBytes);
            if (DataFile.Md5(bytes) != file.Md5)
            {
                different.Add(file.Name);
            }

            return Images(path, bytes);
        }
    }

    private (ReadOnlyMemory<byte> Pixels, int[] Labels) Images(string file, byte[] bytes)
    {
        try
        {
            var batch =
                new PlainPickle(bytes, new NumpyPickle(), MostObjects).Load() as Dictionary<string, object?>
                ?? throw new InvalidDataException("it is no dictionary.");
            var pixels =
                batch.GetValueOrDefault("data") as PixelArray
                ?? throw new InvalidDataException("it has no array 'data'.");
            if (pixels.Type != "u1" || pixels.Shape is not [> 0, ImageBytes])
            {
                throw new InvalidDataException($"its 'data' is no array of bytes with {ImageBytes} in a row.");
            }

            var labels = batch.GetValueOrDefault(LabelKey) switch
            {
                List<object?> list =>
                [
                    .. list.Select(label =>
                        label is long number
                            ? number
                            : throw new InvalidDataException($"an entry of '{LabelKey}' is no whole number.")
                    ),
                ],
                PixelArray array => array.Numbers(),
                _ => throw new InvalidDataException($"it has no list '{LabelKey}'."),
            };
            return labels.Length != pixels.Shape[0]
                    ? throw new InvalidDataException(
                        $"it has {DataFile.Number(labels.Length)} labels for {DataFile.Number(pixels.Shape[0])} images."
                    )
                : Array.FindIndex(labels, label => label < 0 || label >= ClassNames.Count) is >= 0 and var wrong
                    ? throw new InvalidDataException(
                        $"label {labels[wrong]} of image {DataFile.Number(wrong)} is not in 0..{ClassNames.Count - 1}."
                    )
                : (pixels.Data, Array.ConvertAll(labels, label => (int)label));
        }
        catch (InvalidDataException error)
        {
            throw new DatasetException($"{file} is no batch of {Name}: {error.Message} {Replace}", error);
        }
    }

    private ImageSet Join(IReadOnlyList<(ReadOnlyMemory<byte> Pixels, int[] Labels)> parts)
    {
        var pixels = new byte[parts.Sum(part => part.Pixels.Length)];
        var at = 0;
        foreach (var (part, _) in parts)
        {
            part.Span.CopyTo(pixels.AsSpan(at));
            at += part.Length;
        }

        return new(pixels, [.. parts.SelectMany(part => part.Labels)], 3, Side, Side, ClassNames);
    }
}
