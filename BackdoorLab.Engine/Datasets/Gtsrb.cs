using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// German Traffic Sign Recognition Benchmark in its official folders or those of Kaggle's copy, resized to 32x32 by
/// antialiased bilinear (the whole picture, or its region of interest). Training images carry their track as
/// <see cref="ImageSet.Groups"/>.
/// </summary>
[Method(
    "gtsrb",
    "GTSRB",
    Order = 5,
    Summary = "German traffic signs in 43 classes, photographs resized to 32x32 colour, 39,209 training and 12,630 test images.",
    Paper = "J. Stallkamp, M. Schlipsing, J. Salmen, C. Igel, Man vs. computer: benchmarking machine learning algorithms for "
        + "traffic sign recognition, Neural Networks 32, 2012."
)]
public sealed record Gtsrb : DatasetSource
{
    private const int Side = 32;
    private const int FullTrain = 39_209;
    private const int FullTest = 12_630;
    private static readonly Normalization Pixels = new([0.3403f, 0.3121f, 0.3214f], [0.2724f, 0.2608f, 0.2669f]);

    private static readonly string[] Names =
    [
        "speed limit 20",
        "speed limit 30",
        "speed limit 50",
        "speed limit 60",
        "speed limit 70",
        "speed limit 80",
        "end of speed limit 80",
        "speed limit 100",
        "speed limit 120",
        "no overtaking",
        "no overtaking for trucks",
        "right of way at crossing",
        "priority road",
        "yield",
        "stop",
        "no vehicles",
        "no trucks",
        "no entry",
        "general caution",
        "curve left",
        "curve right",
        "double curve",
        "bumpy road",
        "slippery road",
        "road narrows",
        "road work",
        "traffic signals",
        "pedestrians",
        "children",
        "bicycles",
        "snow",
        "wild animals",
        "end of restrictions",
        "turn right ahead",
        "turn left ahead",
        "ahead only",
        "straight or right",
        "straight or left",
        "keep right",
        "keep left",
        "roundabout",
        "end of no overtaking",
        "end of no overtaking for trucks",
    ];

    /// <summary>Whether to cut out the sign before resizing.</summary>
    [Description("Cut the annotated region of interest (both corners included) out of each picture before resizing.")]
    public bool CropToRoi { get; init; }

    /// <summary>Keep only the first so many classes; 0 keeps all 43.</summary>
    [Range(0, GtsrbFolder.Classes)]
    [OmittedAtDefault]
    [Description(
        "Keep only the first so many classes (the speed limits come first), for studies of many models; 0 keeps all 43. At least 2."
    )]
    public int ClassCount { get; init; }

    /// <inheritdoc/>
    public override DatasetShape Shape => new(3, Side, Side, KeptClasses, Part(FullTrain), Part(FullTest));

    /// <inheritdoc/>
    /// <remarks>The first classes are the larger ones, and a limit keeps whole tracks.</remarks>
    public override int? MostTrainImages => ClassCount > 0 || TrainLimit > 0 ? null : FullTrain;

    /// <inheritdoc/>
    public override DatasetSource? WithClasses(int classes) =>
        classes is >= 2 and < GtsrbFolder.Classes ? this with { ClassCount = classes } : null;

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds)
    {
        var files = GtsrbFolder.Open(dataRoot);
        List<string> remarks = ClassCount == 0 ? [] : [$"the first {KeptClasses} of {GtsrbFolder.Classes} classes"];
        if (files.Train.Count != FullTrain || files.Test.Count != FullTest)
        {
            remarks.Add($"the data root holds {Counts(files)}");
        }

        remarks.AddRange(files.Remarks);
        var train = Read(files.Train, TrainLimit, true, seeds.Child("subset-train"), "training", remarks);
        var test = Read(files.Test, TestLimit, false, seeds.Child("subset-test"), "test", remarks);
        var drawn = train.Count < Kept(files.Train).Count || test.Count < Kept(files.Test).Count;
        return new(train, test, Pixels, FlipAllowed: false)
        {
            Remarks = remarks,
            DrawnFrom = drawn ? Listing(files) : "",
        };
    }

    /// <inheritdoc/>
    public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default)
    {
        try
        {
            var files = GtsrbFolder.Open(dataRoot);
            foreach (var item in files.Train.Concat(files.Test))
            {
                cancellation.ThrowIfCancellationRequested();
                GtsrbFolder.Check(item);
            }

            var full = files.Train.Count == FullTrain && files.Test.Count == FullTest;
            return new(
                full ? DatasetState.Found : DatasetState.Partial,
                $"{Counts(files)}; every picture's size compared with its row. "
                    + "The published checksums are of the zip archives and cannot be compared with single files."
            )
            {
                TrainCount = files.Train.Count,
                TestCount = files.Test.Count,
                Remedy = GtsrbFolder.Remedy,
                Remarks = files.Remarks,
            };
        }
        catch (DatasetException error)
        {
            return DataFile.Status(error, GtsrbFolder.Remedy);
        }
    }

    private int KeptClasses => ClassCount == 0 ? GtsrbFolder.Classes : Math.Max(2, ClassCount);

    private List<GtsrbFolder.Item> Kept(IEnumerable<GtsrbFolder.Item> items) =>
        [.. items.Where(item => item.Row.Label < KeptClasses)];

    // A subset does not read every picture; the annotations of all say what it was drawn from.
    private string Listing(GtsrbFolder files)
    {
        using var all = new DataFingerprint();
        all.Add(Names[..KeptClasses]).Add(CropToRoi ? 1 : 0);
        foreach (var split in (List<GtsrbFolder.Item>[])[Kept(files.Train), Kept(files.Test)])
        {
            all.Add([
                .. split.SelectMany(item =>
                    (int[])
                        [
                            item.Row.Label,
                            item.Track,
                            item.Row.Width,
                            item.Row.Height,
                            item.Row.X1,
                            item.Row.Y1,
                            item.Row.X2,
                            item.Row.Y2,
                        ]
                ),
            ]);
        }

        return all.ToHex();
    }

    // The first classes are the larger ones; a share is enough for estimates.
    private int Part(int count) => count * KeptClasses / GtsrbFolder.Classes;

    private static string Counts(GtsrbFolder files) =>
        $"{DataFile.Number(files.Train.Count)} of {DataFile.Number(FullTrain)} published training images and "
        + $"{DataFile.Number(files.Test.Count)} of {DataFile.Number(FullTest)} test images";

    private ImageSet Read(
        IReadOnlyList<GtsrbFolder.Item> items,
        int limit,
        bool tracks,
        SeedTree seeds,
        string split,
        List<string> remarks
    )
    {
        items = Kept(items);
        var labels = items.Select(item => item.Row.Label).ToArray();
        var groups = tracks ? items.Select(item => item.Track).ToArray() : null;
        var chosen =
            Subsets.Limit(labels, groups, KeptClasses, limit, seeds, split, remarks)
            ?? [.. Enumerable.Range(0, items.Count)];
        var pixels = new byte[chosen.Length * 3 * Side * Side];
        for (var i = 0; i < chosen.Length; i++)
        {
            var item = items[chosen[i]];
            var (row, bitmap) = (item.Row, GtsrbFolder.Decode(item));
            var sign = CropToRoi ? bitmap.Crop(row.X1, row.Y1, row.X2 - row.X1 + 1, row.Y2 - row.Y1 + 1) : bitmap;
            Resampling.Bilinear(sign, Side, Side).WritePlanes(pixels.AsSpan(i * 3 * Side * Side, 3 * Side * Side));
        }

        return new ImageSet(pixels, [.. chosen.Select(i => labels[i])], 3, Side, Side, Names[..KeptClasses])
        {
            Groups = groups is null ? null : [.. chosen.Select(i => groups[i])],
        };
    }
}
