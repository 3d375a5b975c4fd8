using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// A folder per class with JPEG, PNG or PPM pictures of any size (the layout of ImageNet), either below <c>train/</c> and <c>val/</c> or in one
/// folder that is split by class. The short side is resized (antialiased bilinear) and the center cut out. Classes are the folder names in ordinal order.
/// </summary>
[Method("image-folder", "Image folder (ImageNet layout)", Order = 50,
    Summary = "Your own pictures: a folder per class with JPEG, PNG or PPM files, resized and cropped to one size.",
    Paper = "Layout and preprocessing: O. Russakovsky et al., ImageNet large scale visual recognition challenge, IJCV 115, 2015.")]
public sealed record ImageFolder : DatasetSource
{
    // The usual constants of ImageNet; near enough for photographs in general.
    private static readonly Normalization Pixels = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    private const int MostTestImages = 2000;

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
    [Description("Share of the images that become test images where there is no val folder; the same share of every class.")]
    public double TestShare { get; init; } = 0.2;

    /// <summary>The size after cropping; the counts are not known without looking and stand at 0.</summary>
    public override DatasetShape Shape => new(3, Crop, Crop, 0, 0, 0);

    /// <inheritdoc/>
    public override DatasetShape ShapeIn(string dataRoot)
    {
        var listing = List(dataRoot, new SeedTree(0));
        return Shape with { Classes = listing.Classes.Length, TrainCount = listing.Train.Count, TestCount = listing.Test.Count };
    }

    /// <summary>
    /// Few training images, and of one folder nearly all as test images; at most <see cref="MostTestImages"/> of them, since each is decoded.
    /// </summary>
    public override DatasetSource WithoutTraining() => this with { TrainLimit = 100, TestLimit = MostTestImages, TestShare = 0.9 };

    private string Remedy =>
        $"Put a folder for each class with JPEG, PNG or PPM files in {Path}/train/ and {Path}/val/ (or all in {Path}/) under the data root, "
        + "or set 'path' to where they are.";

    /// <inheritdoc/>
    public override DatasetSplits Load(string dataRoot, SeedTree seeds)
    {
        var listing = List(dataRoot, seeds);
        var remarks = new List<string>(listing.Remarks);
        var train = Read(listing.Train, listing.Classes, TrainLimit, seeds.Child("subset-train"), "training", remarks);
        var test = Read(listing.Test, listing.Classes, TestLimit, seeds.Child("subset-test"), "test", remarks);
        var drawn = listing.IsSplit || train.Count < listing.Train.Count || test.Count < listing.Test.Count;
        return new(train, test, Pixels, FlipAllowed: true) { Remarks = remarks, DrawnFrom = drawn ? Identity(listing) : "" };
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
                ImageFiles.Check(file, Remedy);
            }

            var detail = $"{DataFile.Number(listing.Train.Count)} training and {DataFile.Number(listing.Test.Count)} test images in "
                + $"{DataFile.Number(listing.Classes.Length)} classes; the header of every file was read, there is no checksum to compare.";
            return new(DatasetState.Found, detail) { TrainCount = listing.Train.Count, TestCount = listing.Test.Count, Remedy = Remedy };
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
        foreach (var split in listing.IsSplit ? [[.. listing.Train, .. listing.Test]] : (List<(string File, int Label)>[])[listing.Train, listing.Test])
        {
            foreach (var (file, label) in split.OrderBy(item => item.Label).ThenBy(item => item.File, StringComparer.Ordinal))
            {
                all.Add(label).Add(BitConverter.GetBytes(new FileInfo(file).Length));
            }

            all.Add(split.Count);
        }

        return all.ToHex();
    }

    private static string[] ClassFolders(string folder) =>
        [.. Directory.GetDirectories(folder).Select(path => System.IO.Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private Listing List(string dataRoot, SeedTree seeds)
    {
        if (Crop > Resize)
        {
            throw new DatasetException($"The crop ({Crop}) is larger than the resized short side ({Resize}). Set 'resize' to at least {Crop}.");
        }

        if (Path.Length == 0 || System.IO.Path.IsPathRooted(Path) || Path.Split('/', '\\').Contains(".."))
        {
            throw new DatasetException($"'{Path}' is not a folder below the data root {dataRoot}. Set 'path' to a relative path without '..'.");
        }

        var folder = System.IO.Path.Combine(dataRoot, Path);
        if (!Directory.Exists(folder))
        {
            throw DataFile.Missing($"Folder {folder} not found.", Remedy);
        }

        var train = System.IO.Path.Combine(folder, "train");
        if (!Directory.Exists(train))
        {
            var classes = ClassFolders(folder);
            var all = Pictures(folder, classes, 2);
            var count = Math.Clamp((int)Math.Round(all.Count * TestShare), 1, all.Count - 1);
            var (test, rest) = Subsets.Stratified([.. all.Select(item => item.Label)], null, classes.Length, count, seeds.Child("split").Random());
            return new(classes, [.. rest.Select(i => all[i])], [.. test.Select(i => all[i])])
            {
                IsSplit = true,
                Remarks = [$"test images are {DataFile.Number(test.Length)} of {DataFile.Number(all.Count)} images of {Path}, chosen by class"],
            };
        }

        var validation = DataFile.Folder(folder, "val", "test")
            ?? throw DataFile.Missing($"{train} is there, but {System.IO.Path.Combine(folder, "val")} is not.", Remedy);
        var names = ClassFolders(train);
        var stranger = ClassFolders(validation).FirstOrDefault(name => !names.Contains(name));
        return stranger is null
            ? new(names, Pictures(train, names, 1), Pictures(validation, names, 1))
            : throw new DatasetException($"Class folder {System.IO.Path.Combine(validation, stranger)} has no counterpart in {train}. {Remedy}");
    }

    private List<(string File, int Label)> Pictures(string folder, string[] classes, int least)
    {
        if (classes.Length < 2)
        {
            throw DataFile.Missing($"{folder} holds {classes.Length} class folders; at least 2 are needed.", Remedy);
        }

        var items = new List<(string, int)>();
        for (var label = 0; label < classes.Length; label++)
        {
            var classFolder = System.IO.Path.Combine(folder, classes[label]);
            if (Directory.Exists(classFolder))
            {
                items.AddRange(Directory.GetFiles(classFolder).Where(ImageFiles.IsPicture).Order(StringComparer.Ordinal).Select(file => (file, label)));
            }
        }

        return items.Count >= least ? items : throw DataFile.Missing($"{folder} holds {items.Count} pictures.", Remedy);
    }

    private ImageSet Read(
        List<(string File, int Label)> items, string[] classes, int limit, SeedTree seeds, string split, List<string> remarks)
    {
        var labels = items.Select(item => item.Label).ToArray();
        var chosen = Subsets.Limit(labels, null, classes.Length, limit, seeds, split, remarks) ?? [.. Enumerable.Range(0, items.Count)];
        var bytes = 3 * Crop * Crop;
        if ((long)chosen.Length * bytes > Array.MaxLength)
        {
            var limitName = split == "test" ? "testLimit" : "trainLimit";
            throw new DatasetException(
                $"{DataFile.Number(chosen.Length)} {split} images of {Crop} x {Crop} pixels do not fit into memory. "
                + $"Set '{limitName}' to at most {DataFile.Number(Array.MaxLength / bytes)}, or a smaller crop.");
        }

        var pixels = new byte[chosen.Length * bytes];
        for (var i = 0; i < chosen.Length; i++)
        {
            Prepare(ImageFiles.Decode(items[chosen[i]].File, "Replace or remove the file.")).WritePlanes(pixels.AsSpan(i * bytes, bytes));
        }

        return new(pixels, [.. chosen.Select(i => labels[i])], 3, Crop, Crop, classes);
    }

    private Bitmap Prepare(Bitmap picture)
    {
        var (width, height) = picture.Width <= picture.Height
            ? (Resize, (int)((long)Resize * picture.Height / picture.Width))
            : ((int)((long)Resize * picture.Width / picture.Height), Resize);
        var resized = Resampling.Bilinear(picture, width, height);
        return resized.Crop(Middle(width), Middle(height), Crop, Crop);

        int Middle(int side) => (int)Math.Round((side - Crop) / 2.0, MidpointRounding.ToEven);
    }

    private sealed record Listing(string[] Classes, List<(string File, int Label)> Train, List<(string File, int Label)> Test)
    {
        public IReadOnlyList<string> Remarks { get; init; } = [];

        /// <summary>Whether the seeds decided what is training and what is test.</summary>
        public bool IsSplit { get; init; }
    }
}
