using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// A folder per class with pictures of any size (the layout of ImageNet), either below <c>train/</c> and <c>val/</c> or
/// in one folder that is split by class. Validation pictures may lie in one folder with a list of their labels
/// (<see cref="ValidationList"/>), and the pictures of a class in <c>images/</c> below it, as Tiny-ImageNet is
/// published. The short side is resized (antialiased bilinear) and the center cut out. What was left out and the order
/// of the classes stand in the remarks.
/// </summary>
[Method(
    "image-folder",
    "Image folder (ImageNet layout)",
    Order = 50,
    Summary = "Your own pictures: a folder per class with JPEG, PNG, PPM, BMP, WebP or GIF files, resized and cropped to one size. Also ImageNet and Tiny-ImageNet as published.",
    Paper = "Layout and preprocessing: O. Russakovsky et al., ImageNet large scale visual recognition challenge, IJCV 115, 2015."
)]
public sealed record ImageFolder : DatasetSource
{
    // The usual constants of ImageNet; near enough for photographs in general.
    private static readonly Normalization Pixels = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    private const int MostTestImages = 2000;
    private const string ReplaceFile = "Replace or remove the file.";

    /// <summary>Folder relative to the data root.</summary>
    [Description("Folder relative to the data root. It holds train/ and val/, or the class folders themselves.")]
    public string Path { get; init; } = "imagenet";

    /// <summary>Length of the short side after resizing.</summary>
    [Range(8, 1024)]
    [Description("Length of the short side after resizing, in pixels; at least the crop.")]
    public int Resize { get; init; } = 256;

    /// <summary>Side of the square that is cut out of the center.</summary>
    [Range(8, 1024)]
    [Description("Side of the square cut out of the center, in pixels.")]
    public int Crop { get; init; } = 224;

    /// <summary>Share of one folder's images that become test images.</summary>
    [Range(0.01, 0.9)]
    [Description(
        "Share of the images that become test images where there is no val folder; the same share of every class."
    )]
    public double TestShare { get; init; } = 0.2;

    /// <summary>Which folder is label 0, which 1 and so on.</summary>
    [OmittedAtDefault]
    [Description(
        "Order of the class folders, which is that of the labels. Automatic: as the file classes.txt has it, else by number where all names are numbers, else alphabetical. Alphabetical: 1, 10, 11, 2, as torchvision's ImageFolder has it."
    )]
    public ClassOrder ClassOrder { get; init; }

    /// <summary>A file that states the order, relative to <see cref="Path"/>.</summary>
    [OmittedAtDefault]
    [Description(
        "A file that names every class folder once, one a line, in the order of the labels, such as wnids.txt; relative to the folder. Empty: classes.txt where there is one."
    )]
    public string ClassFile { get; init; } = "";

    /// <summary>The size after cropping; the counts are not known without looking and stand at 0.</summary>
    public override DatasetShape Shape => new(3, Crop, Crop, 0, 0, 0);

    /// <inheritdoc/>
    public override DatasetShape ShapeIn(string dataRoot)
    {
        var listing = List(dataRoot, new SeedTree(0));
        return Shape with
        {
            Classes = listing.Classes.Length,
            TrainCount = listing.Train.Count,
            TestCount = listing.Test.Count,
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> RemarksIn(string dataRoot) => List(dataRoot, new SeedTree(0)).Remarks;

    /// <summary>
    /// Few training images, and of one folder nearly all as test images; at most <see cref="MostTestImages"/> of them,
    /// since each is decoded.
    /// </summary>
    public override DatasetSource WithoutTraining() =>
        this with
        {
            TrainLimit = 100,
            TestLimit = MostTestImages,
            TestShare = 0.9,
        };

    private string Remedy =>
        $"Put a folder for each class with {ImageFiles.Kinds} files in {Path}/train/ and {Path}/val/ (or all in {Path}/) under the data root, "
        + "or set 'path' to where they are.";

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds)
    {
        var listing = List(dataRoot, seeds);
        var remarks = new List<string>(listing.Remarks);
        var train = Read(listing.Train, listing.Classes, TrainLimit, seeds.Child("subset-train"), "training", remarks);
        var test = Read(listing.Test, listing.Classes, TestLimit, seeds.Child("subset-test"), "test", remarks);
        var drawn = listing.IsSplit || train.Count < listing.Train.Count || test.Count < listing.Test.Count;
        return new(train, test, Pixels, FlipAllowed: true)
        {
            Remarks = remarks,
            DrawnFrom = drawn ? Identity(listing) : "",
        };
    }

    /// <inheritdoc/>
    public override DatasetStatus Inspect(string dataRoot, CancellationToken cancellation = default)
    {
        try
        {
            var listing = List(dataRoot, new SeedTree(0));
            foreach (var (file, _) in listing.Train.Concat(listing.Test))
            {
                cancellation.ThrowIfCancellationRequested();
                var (width, height) = ImageFiles.Check(file, ReplaceFile);
                Resized(file, width, height);
            }

            var detail =
                $"{DataFile.Number(listing.Train.Count)} training and {DataFile.Number(listing.Test.Count)} test images in "
                + $"{DataFile.Number(listing.Classes.Length)} classes; the header of every file was read, there is no checksum to compare.";
            return new(DatasetState.Found, detail)
            {
                TrainCount = listing.Train.Count,
                TestCount = listing.Test.Count,
                Remedy = Remedy,
                Remarks = listing.Remarks,
            };
        }
        catch (DatasetException error)
        {
            return DataFile.Status(error, Remedy);
        }
    }

    // A subset does not read every picture; what their files weigh, class by class, says what it was drawn from.
    private string Identity(Listing listing)
    {
        using var all = new DataFingerprint();
        all.Add(listing.Classes).Add(Resize).Add(Crop);
        foreach (
            var split in listing.IsSplit
                ?
                [
                    [.. listing.Train, .. listing.Test],
                ]
                : (List<(string File, int Label)>[])[listing.Train, listing.Test]
        )
        {
            foreach (
                var (file, label) in split.OrderBy(item => item.Label).ThenBy(item => item.File, StringComparer.Ordinal)
            )
            {
                all.Add(label).Add(BitConverter.GetBytes(new FileInfo(file).Length));
            }

            all.Add(split.Count);
        }

        return all.ToHex();
    }

    private Listing List(string dataRoot, SeedTree seeds)
    {
        if (Crop > Resize)
        {
            throw new DatasetException(
                $"The crop ({Crop}) is larger than the resized short side ({Resize}). Set 'resize' to at least {Crop}."
            );
        }

        if (Path.Length == 0 || IsOutside(Path))
        {
            throw new DatasetException(
                $"'{Path}' is not a folder below the data root {dataRoot}. Set 'path' to a relative path without '..'."
            );
        }

        var root = System.IO.Path.Combine(dataRoot, Path);
        if (!Directory.Exists(root))
        {
            throw DataFile.Missing($"Folder {root} not found.", Remedy);
        }

        if (IsOutside(ClassFile))
        {
            throw new DatasetException(
                $"'{ClassFile}' is not a file in {root}. Set 'classFile' to a relative path without '..'."
            );
        }

        var folders = new PictureFolders(root, Remedy);
        var (train, test) = folders.Splits();
        var listing = train is null
            ? OneFolder(root, folders, seeds)
            : TwoFolders(
                root,
                train,
                test
                    ?? throw DataFile.Missing(
                        $"{train} is there, but {System.IO.Path.Combine(root, "val")} is not.",
                        Remedy
                    ),
                folders
            );
        return listing with { Remarks = [.. listing.Remarks, .. folders.LeftOut.Remarks] };
    }

    private Listing OneFolder(string root, PictureFolders folders, SeedTree seeds)
    {
        var (classes, order) = Classes(root, root, folders);
        var all = Pictures(root, classes, folders);
        if (all.Count < 2)
        {
            throw DataFile.Missing($"{root} holds {all.Count} pictures.", Remedy);
        }

        var count = Math.Clamp((int)Math.Round(all.Count * TestShare), 1, all.Count - 1);
        var (test, rest) = Subsets.Stratified(
            [.. all.Select(item => item.Label)],
            null,
            classes.Length,
            count,
            seeds.Child("split").Random()
        );
        return new(classes, [.. rest.Select(i => all[i])], [.. test.Select(i => all[i])])
        {
            IsSplit = true,
            Remarks =
            [
                $"test images are {DataFile.Number(test.Length)} of {DataFile.Number(all.Count)} images of {Path}, chosen by class",
                order,
            ],
        };
    }

    private Listing TwoFolders(string root, string train, string test, PictureFolders folders)
    {
        var (classes, order) = Classes(root, train, folders);
        var training = Pictures(train, classes, folders);
        var there = folders.Classes(test);
        if (PictureFolders.IsFlat(there, classes))
        {
            var flat = folders.FlatPictures(test);
            var list =
                ValidationList.Find(test, root)
                ?? throw new DatasetException(
                    $"{test} holds {DataFile.Number(flat.Count)} pictures and no class folders, so their classes are not known; wanted: {ValidationList.Wanted}. {Remedy}"
                )
                {
                    State = flat.Count == 0 ? DatasetState.Missing : DatasetState.Damaged,
                };
            var (items, remark) = ValidationList.Read(list, flat, classes, Remedy);
            return Both(items, remark is null ? [] : [remark]);
        }

        if (there.Find(name => !classes.Contains(name)) is { } stranger)
        {
            throw new DatasetException(
                $"Class folder {System.IO.Path.Combine(test, stranger)} has no counterpart in {train}. {Remedy}"
            );
        }

        var absent = classes.Where(name => !there.Contains(name)).ToList();
        return Both(
            Pictures(test, [.. classes.Select(name => absent.Contains(name) ? "" : name)], folders),
            absent.Count == 0 ? [] : [$"no test images of {DataFile.Some(absent)}"]
        );

        Listing Both(List<(string, int)> items, IEnumerable<string> remarks) =>
            items.Count > 0
                ? new(classes, training, items) { Remarks = [order, .. remarks] }
                : throw DataFile.Missing($"{test} holds 0 pictures.", Remedy);
    }

    private (string[] Names, string Remark) Classes(string root, string folder, PictureFolders folders)
    {
        var names = folders.Classes(folder);
        return names.Count >= 2
            ? ClassOrdering.Of(names, root, ClassOrder, ClassFile)
            : throw DataFile.Missing($"{folder} holds {names.Count} class folders; at least 2 are needed.", Remedy);
    }

    private static bool IsOutside(string path) =>
        System.IO.Path.IsPathRooted(path) || path.Split('/', '\\').Contains("..");

    private static List<(string File, int Label)> Pictures(string folder, string[] classes, PictureFolders folders) =>
        [
            .. classes.SelectMany(
                (name, label) =>
                    name.Length == 0
                        ? []
                        : folders.Pictures(System.IO.Path.Combine(folder, name)).Select(file => (file, label))
            ),
        ];

    private ImageSet Read(
        List<(string File, int Label)> items,
        string[] classes,
        int limit,
        SeedTree seeds,
        string split,
        List<string> remarks
    )
    {
        var labels = items.Select(item => item.Label).ToArray();
        var chosen =
            Subsets.Limit(labels, null, classes.Length, limit, seeds, split, remarks)
            ?? [.. Enumerable.Range(0, items.Count)];
        var bytes = 3 * Crop * Crop;
        if ((long)chosen.Length * bytes > Array.MaxLength)
        {
            var limitName = split == "test" ? "testLimit" : "trainLimit";
            throw new DatasetException(
                $"{DataFile.Number(chosen.Length)} {split} images of {Crop} x {Crop} pixels do not fit into memory. "
                    + $"Set '{limitName}' to at most {DataFile.Number(Array.MaxLength / bytes)}, or a smaller crop."
            );
        }

        var pixels = new byte[chosen.Length * bytes];
        for (var i = 0; i < chosen.Length; i++)
        {
            Prepare(items[chosen[i]].File).WritePlanes(pixels.AsSpan(i * bytes, bytes));
        }

        return new(pixels, [.. chosen.Select(i => labels[i])], 3, Crop, Crop, classes);
    }

    private Bitmap Prepare(string file)
    {
        var picture = ImageFiles.Decode(file, ReplaceFile);
        var (width, height) = Resized(file, picture.Width, picture.Height);
        var resized = Resampling.Bilinear(picture, width, height);
        return resized.Crop(Middle(width), Middle(height), Crop, Crop);

        int Middle(int side) => (int)Math.Round((side - Crop) / 2.0, MidpointRounding.ToEven);
    }

    // Of a long thin strip the short side fits and the long one does not.
    private (int Width, int Height) Resized(string file, int width, int height)
    {
        var along = (long)Resize * Math.Max(width, height) / Math.Min(width, height);
        return along * Resize > ImageFiles.MostPixels
                ? throw DataFile.Damaged(
                    file,
                    0,
                    $"{width} x {height} pixels would be {DataFile.Number(along)} x {Resize} after resizing, too many. Cut the picture.",
                    ReplaceFile
                )
            : width <= height ? (Resize, (int)along)
            : ((int)along, Resize);
    }

    private sealed record Listing(
        string[] Classes,
        List<(string File, int Label)> Train,
        List<(string File, int Label)> Test
    )
    {
        public IReadOnlyList<string> Remarks { get; init; } = [];

        /// <summary>Whether the seeds decided what is training and what is test.</summary>
        public bool IsSplit { get; init; }
    }
}
