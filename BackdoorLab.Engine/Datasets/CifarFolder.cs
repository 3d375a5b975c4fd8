using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The binary version of CIFAR on disk: headerless records of one or two label bytes and 3,072 pixel bytes (red, green,
/// blue plane).
/// </summary>
/// <param name="Name">Name on screen.</param>
/// <param name="Folders">Folders to look in, relative to the data root; the first is the one to recommend.</param>
/// <param name="Archive">Address of the authors' archive.</param>
/// <param name="ClassNames">Names of the classes of the label that is used.</param>
/// <param name="LabelLimits">Number of classes of each label byte of a record.</param>
/// <param name="UsedLabel">Which label byte is the class.</param>
/// <param name="TrainFiles">File name and MD5 of the training files.</param>
/// <param name="TestFile">File name and MD5 of the test file.</param>
/// <param name="TrainRecords">Records of each training file.</param>
/// <param name="TestRecords">Records of the test file.</param>
internal sealed record CifarFolder(
    string Name,
    string[] Folders,
    string Archive,
    IReadOnlyList<string> ClassNames,
    int[] LabelLimits,
    int UsedLabel,
    (string Name, string Md5)[] TrainFiles,
    (string Name, string Md5) TestFile,
    int TrainRecords,
    int TestRecords = 10_000
)
{
    private const int Side = 32;
    private const int ImageBytes = 3 * Side * Side;

    /// <summary>The Python version, which is read where the binary one is not there.</summary>
    public CifarPython? Python { get; init; }

    /// <summary>Size facts.</summary>
    public DatasetShape Shape => new(3, Side, Side, ClassNames.Count, TrainFiles.Length * TrainRecords, TestRecords);

    private string Remedy =>
        $"Get {Archive}, unpack it and put {string.Join(", ", TrainFiles.Append(TestFile).Select(file => file.Name))} in {Folders[0]}/ under the data root"
        + (Python is null ? "." : $"; the Python version in {Python.Folders[0]}/ is read too.");

    private string Replace => $"Replace it with the file from {Archive}.";

    /// <summary>Loads both splits and applies the limits of <paramref name="source"/>.</summary>
    public DatasetSplits Load(string dataRoot, DatasetSource source, Normalization normalization, SeedTree seeds)
    {
        if (PythonFolder(dataRoot) is { } python)
        {
            return Python!.Load(python, source, normalization, seeds);
        }

        var folder = Folder(dataRoot);
        var train = Read(TrainFiles.Select(file => Path.Combine(folder, file.Name)), TrainRecords);
        var test = Read([Path.Combine(folder, TestFile.Name)], TestRecords);
        return Subsets.Limit(source, new DatasetSplits(train, test, normalization, FlipAllowed: true), seeds);
    }

    /// <summary>Reads every record and compares checksums.</summary>
    public DatasetStatus Inspect(string dataRoot, CancellationToken cancellation)
    {
        try
        {
            if (PythonFolder(dataRoot) is { } python)
            {
                return Python!.Inspect(python, Remedy, cancellation);
            }

            var folder = Folder(dataRoot);
            var different = new List<string>();
            foreach (var (name, md5) in TrainFiles.Append(TestFile))
            {
                cancellation.ThrowIfCancellationRequested();
                var bytes = Records(Path.Combine(folder, name), name == TestFile.Name ? TestRecords : TrainRecords);
                if (DataFile.Md5(bytes) != md5)
                {
                    different.Add(name);
                }
            }

            var compared =
                $"MD5 of {TrainFiles.Length + 1} files compared with those of the files in the published archive";
            var detail =
                $"{DataFile.Number(Shape.TrainCount)} training and {DataFile.Number(TestRecords)} test images; {compared}: "
                + (
                    different.Count == 0
                        ? "equal."
                        : $"{string.Join(", ", different)} differs: readable, but not the published data."
                );
            return new(DatasetState.Found, detail)
            {
                TrainCount = Shape.TrainCount,
                TestCount = TestRecords,
                ChecksumOk = different.Count == 0,
                Remedy = Remedy,
            };
        }
        catch (DatasetException error)
        {
            return DataFile.Status(error, Remedy);
        }
    }

    private string? PythonFolder(string dataRoot) =>
        DataFile.Folder(dataRoot, Folders) is null ? Python?.Folder(dataRoot) : null;

    private string Folder(string dataRoot)
    {
        var folder =
            DataFile.Folder(dataRoot, Folders)
            ?? throw DataFile.Missing($"{Name}: folder {Path.Combine(dataRoot, Folders[0])} not found.", Remedy);
        var absent = TrainFiles
            .Append(TestFile)
            .Select(file => file.Name)
            .Where(file => !File.Exists(Path.Combine(folder, file)))
            .ToList();
        return absent.Count == 0
            ? folder
            : throw DataFile.Missing($"{Name}: {string.Join(", ", absent)} not found in {folder}.", Remedy);
    }

    private ImageSet Read(IEnumerable<string> files, int recordsPerFile)
    {
        var paths = files.ToList();
        var stride = LabelLimits.Length + ImageBytes;
        var pixels = new byte[paths.Count * recordsPerFile * ImageBytes];
        var labels = new int[paths.Count * recordsPerFile];
        var next = 0;
        foreach (var file in paths)
        {
            var bytes = Records(file, recordsPerFile);
            for (var i = 0; i < recordsPerFile; i++, next++)
            {
                labels[next] = bytes[i * stride + UsedLabel];
                bytes.AsSpan(i * stride + LabelLimits.Length, ImageBytes).CopyTo(pixels.AsSpan(next * ImageBytes));
            }
        }

        return new ImageSet(pixels, labels, 3, Side, Side, ClassNames);
    }

    private byte[] Records(string file, int records)
    {
        var stride = LabelLimits.Length + ImageBytes;
        var expected = (long)records * stride;
        using var stream = DataFile.Open(file, Replace);
        var length = stream.Length;
        if (length != expected)
        {
            throw DataFile.Damaged(
                file,
                Math.Min(length, expected),
                length < expected
                    ? $"the file ends here, in record {DataFile.Number(length / stride)} of {DataFile.Number(records)}; "
                        + $"{DataFile.Number(expected)} bytes expected."
                    : $"{DataFile.Number(length - expected)} bytes follow the last of {DataFile.Number(records)} records.",
                Replace
            );
        }

        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        for (var i = 0; i < records; i++)
        {
            for (var k = 0; k < LabelLimits.Length; k++)
            {
                var label = bytes[i * stride + k];
                if (label >= LabelLimits[k])
                {
                    throw DataFile.Damaged(
                        file,
                        (long)i * stride + k,
                        $"label {label} of record {DataFile.Number(i)} is not in 0..{LabelLimits[k] - 1}.",
                        Replace
                    );
                }
            }
        }

        return bytes;
    }
}
