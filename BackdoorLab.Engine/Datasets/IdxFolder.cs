using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>A data set of the MNIST family on disk: four idx files in one folder.</summary>
/// <param name="Name">Name on screen.</param>
/// <param name="Folders">Folders to look in, relative to the data root; the first is the one to recommend.</param>
/// <param name="Url">Where the authors publish it.</param>
/// <param name="ClassNames">Names of the ten classes.</param>
/// <param name="Published">Checksums of the four files.</param>
internal sealed record IdxFolder(
    string Name,
    string[] Folders,
    string Url,
    IReadOnlyList<string> ClassNames,
    IReadOnlyDictionary<string, IdxFolder.Sums> Published
)
{
    private const int Side = 28;
    private const int FullTrain = 60_000;
    private const int FullTest = 10_000;
    private static readonly string[] Stems =
    [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];

    /// <summary>Published MD5 of a file as downloaded, and of its unpacked content (null where not known).</summary>
    internal sealed record Sums(string Packed, string? Content);

    /// <summary>Size facts.</summary>
    public DatasetShape Shape => new(1, Side, Side, ClassNames.Count, FullTrain, FullTest);

    private string Remedy =>
        $"Get {string.Join(", ", Stems.Select(stem => stem + ".gz"))} from {Url} and put them in {Folders[0]}/ under the data root (packed or unpacked).";

    /// <summary>Loads both splits and applies the limits of <paramref name="source"/>.</summary>
    public DatasetSplits Load(
        string dataRoot,
        DatasetSource source,
        Normalization normalization,
        bool flipAllowed,
        SeedTree seeds
    )
    {
        var files = Stems.Select(stem => Find(dataRoot, stem)).ToArray();
        if (files.Any(file => file is null))
        {
            throw DataFile.Missing(WhatIsMissing(dataRoot, files), Remedy);
        }

        var (train, _, _) = Split(files[0]!, files[1]!);
        var (test, _, _) = Split(files[2]!, files[3]!);
        string[] remarks = train.Count == FullTrain && test.Count == FullTest ? [] : [Part(train.Count, test.Count)];
        return Subsets.Limit(
            source,
            new DatasetSplits(train, test, normalization, flipAllowed) { Remarks = remarks },
            seeds
        );
    }

    /// <summary>Reads whatever is there, completely, and compares checksums.</summary>
    public DatasetStatus Inspect(string dataRoot, CancellationToken cancellation)
    {
        var files = Stems.Select(stem => Find(dataRoot, stem)).ToArray();
        var counts = new int[2];
        var sums = new List<bool>();
        try
        {
            for (var split = 0; split < 2; split++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (files[2 * split] is { } imageFile && files[2 * split + 1] is { } labelFile)
                {
                    var (set, images, labels) = Split(imageFile, labelFile);
                    counts[split] = set.Count;
                    sums.AddRange(
                        ((bool?[])[Compare(2 * split, images), Compare(2 * split + 1, labels)]).OfType<bool>()
                    );
                }
            }
        }
        catch (DatasetException error)
        {
            return DataFile.Status(error, Remedy);
        }

        bool? checksum = sums.Count == 0 ? null : sums.All(equal => equal);
        var words = checksum switch
        {
            null => "no checksum to compare",
            true => $"MD5 of {sums.Count} files compared with the published ones: equal",
            false =>
                $"MD5 differs from the published one in {sums.Count(equal => !equal)} of {sums.Count} files: readable, but not the published data",
        };
        var missing = files.Any(file => file is null);
        var detail = missing
            ? WhatIsMissing(dataRoot, files) + (sums.Count > 0 ? $" {Capital(words)}." : "")
            : $"{DataFile.Number(counts[0])} training and {DataFile.Number(counts[1])} test images; {words}.";
        var state =
            missing ? DatasetState.Missing
            : counts is [FullTrain, FullTest] ? DatasetState.Found
            : DatasetState.Partial;
        return new(state, detail)
        {
            TrainCount = counts[0],
            TestCount = counts[1],
            ChecksumOk = checksum,
            Remedy = Remedy,
        };
    }

    private static string Capital(string words) => char.ToUpperInvariant(words[0]) + words[1..];

    private bool? Compare(int file, IdxFile read)
    {
        var published = Published[Stems[file]];
        return read.IsPacked && read.PackedMd5 == published.Packed ? true
            : published.Content is null ? (read.IsPacked ? false : null)
            : read.ContentMd5 == published.Content;
    }

    private string Part(int train, int test) =>
        $"the data root holds {DataFile.Number(train)} of {DataFile.Number(FullTrain)} published training images and "
        + $"{DataFile.Number(test)} of {DataFile.Number(FullTest)} test images";

    private string WhatIsMissing(string dataRoot, string?[] files)
    {
        var folder = Path.Combine(dataRoot, Folders[0]);
        var absent = Enumerable.Range(0, 4).Where(i => files[i] is null).Select(i => Stems[i] + "[.gz]").ToList();
        var only =
            absent.Count == 4 ? ""
            : files is [null, null, not null, not null]
                ? $" The data root holds only the test images of {Name}; a model cannot be trained on them."
            : $" The other {4 - absent.Count} of 4 files of {Name} are there.";
        return $"{Name}: {string.Join(", ", absent)} not found in {folder}.{only}";
    }

    private (ImageSet Set, IdxFile Images, IdxFile Labels) Split(string imageFile, string labelFile)
    {
        var remedy = $"Replace it with the file from {Url}.";
        var images = IdxFile.Images(imageFile, Side, Side, remedy);
        var labels = IdxFile.Labels(labelFile, ClassNames.Count, remedy);
        if (images.Count != labels.Count)
        {
            throw DataFile.Damaged(
                labelFile,
                4,
                $"{DataFile.Number(labels.Count)} labels for the {DataFile.Number(images.Count)} images of {Path.GetFileName(imageFile)}.",
                remedy
            );
        }

        return (
            new ImageSet(images.Data, [.. labels.Data.Select(label => (int)label)], 1, Side, Side, ClassNames),
            images,
            labels
        );
    }

    private string? Find(string dataRoot, string stem)
    {
        foreach (var folder in Folders)
        {
            foreach (var name in (string[])[stem + ".gz", stem, stem.Replace("-idx", ".idx", StringComparison.Ordinal)])
            {
                var file = Path.Combine(dataRoot, folder, name);
                if (File.Exists(file))
                {
                    return file;
                }
            }
        }

        return null;
    }
}
