using System.Globalization;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The files of GTSRB in a data root, in the official folders or in those of Kaggle's copy (<c>Train.csv</c>,
/// <c>Train/0..42</c>, <c>Test.csv</c>): rows of both splits, checked against the pictures that are there.
/// </summary>
/// <param name="Train">Training rows with full path and track.</param>
/// <param name="Test">Test rows with full path; no tracks.</param>
/// <param name="Remarks">What was left out of the folders.</param>
internal sealed record GtsrbFolder(
    IReadOnlyList<GtsrbFolder.Item> Train,
    IReadOnlyList<GtsrbFolder.Item> Test,
    IReadOnlyList<string> Remarks
)
{
    /// <summary>Classes of the benchmark.</summary>
    public const int Classes = 43;

    /// <summary>What to do when it is missing or damaged.</summary>
    public const string Remedy =
        "Get GTSRB_Final_Training_Images.zip, GTSRB_Final_Test_Images.zip and GTSRB_Final_Test_GT.zip from "
        + "https://benchmark.ini.rub.de and unpack them in gtsrb/ under the data root, "
        + "so that it holds GTSRB/Final_Training/Images/00000..00042/, GTSRB/Final_Test/Images/ and GT-final_test.csv; "
        + "or Kaggle's copy, so that gtsrb/ holds Train/, Train.csv, Test/ and Test.csv.";

    private const string Replace =
        "Restore the file from the archives at https://benchmark.ini.rub.de, or from Kaggle's copy.";
    private const string KaggleTrain = "Train.csv";
    private const string KaggleTest = "Test.csv";

    /// <summary>
    /// A picture: its annotation, its path, the annotation file, and the track (physical sign) it belongs to.
    /// </summary>
    internal readonly record struct Item(GtsrbRow Row, string Path, string Table, int Track);

    /// <summary>Reads all annotations and checks that rows and picture files are the same set.</summary>
    public static GtsrbFolder Open(string dataRoot)
    {
        var root =
            DataFile.Folder(dataRoot, "gtsrb/GTSRB", "gtsrb", "GTSRB")
            ?? throw DataFile.Missing($"GTSRB: folder {Path.Combine(dataRoot, "gtsrb")} not found.", Remedy);
        var left = new LeftOut(root);
        var (train, test) =
            DataFile.Folder(root, "Final_Training/Images", "Training") is { } training ? Official(root, training, left)
            : File.Exists(Path.Combine(root, KaggleTrain)) ? Kaggle(root, left)
            : throw DataFile.Missing(
                $"GTSRB: neither folder {Path.Combine(root, "Final_Training", "Images")} nor {KaggleTrain} found.",
                Remedy
            );
        return new(train, test, [.. left.Remarks]);
    }

    /// <summary>Decodes one picture; its size must be what its row says.</summary>
    public static Bitmap Decode(Item item)
    {
        var bitmap = ImageFiles.Decode(item.Path, Replace);
        CheckSize(item, bitmap.Width, bitmap.Height);
        return bitmap;
    }

    /// <summary>Checks header, size and length of one picture without decoding it.</summary>
    public static void Check(Item item)
    {
        var (width, height) = ImageFiles.Check(item.Path, Replace);
        CheckSize(item, width, height);
    }

    private static void CheckSize(Item item, int width, int height)
    {
        if (width != item.Row.Width || height != item.Row.Height)
        {
            throw DataFile.DamagedLine(
                item.Table,
                item.Row.Line,
                $"{item.Row.Width} x {item.Row.Height} pixels for {item.Row.File}, which has {width} x {height}.",
                Replace
            );
        }
    }

    private static (List<Item> Train, List<Item> Test) Official(string root, string training, LeftOut left)
    {
        var test =
            DataFile.Folder(root, "Final_Test/Images")
            ?? throw DataFile.Missing($"GTSRB: folder {Path.Combine(root, "Final_Test", "Images")} not found.", Remedy);
        string[] tables =
        [
            Path.Combine(root, "GT-final_test.csv"),
            Path.Combine(root, "..", "GT-final_test.csv"),
            Path.Combine(test, "GT-final_test.csv"),
            Path.Combine(root, "Final_Test", "GT-final_test.csv"),
        ];
        var table =
            tables.FirstOrDefault(File.Exists)
            ?? throw DataFile.Missing(
                $"GTSRB: GT-final_test.csv (the labels of the test images) not found in {root} or beside it.",
                Remedy
            );
        return (OfficialTraining(training, left), Rows(test, Path.GetFullPath(table), null, left));
    }

    private static List<Item> OfficialTraining(string folder, LeftOut left)
    {
        var items = new List<Item>();
        for (var label = 0; label < Classes; label++)
        {
            var name = label.ToString("D5", CultureInfo.InvariantCulture);
            var classFolder = Path.Combine(folder, name);
            if (!Directory.Exists(classFolder))
            {
                throw DataFile.Missing($"GTSRB: class folder {classFolder} not found.", Remedy);
            }

            var table = Path.Combine(classFolder, $"GT-{name}.csv");
            if (!File.Exists(table))
            {
                throw DataFile.Missing($"GTSRB: {table} not found.", Remedy);
            }

            items.AddRange(Rows(classFolder, table, label, left));
        }

        // <track>_<frame>.ppm
        return Tracked(
            items,
            name => name.Split('_') is [{ Length: > 0 } track, _, ..] ? track : null,
            "<track>_<frame>.ppm"
        );
    }

    // Kaggle's archive holds every folder twice (Train and train); the tables say which pictures are meant.
    private static (List<Item> Train, List<Item> Test) Kaggle(string root, LeftOut left)
    {
        var test = Path.Combine(root, KaggleTest);
        if (!File.Exists(test))
        {
            throw DataFile.Missing($"GTSRB: {KaggleTrain} is in {root}, but {KaggleTest} is not.", Remedy);
        }

        // <class>_<track>_<frame>.png
        var train = Rows(root, Path.Combine(root, KaggleTrain), null, left);
        return (
            Tracked(
                train,
                name => name.Split('_') is [_, { Length: > 0 } track, _] ? track : null,
                "<class>_<track>_<frame>.png"
            ),
            Rows(root, test, null, left)
        );
    }

    private static List<Item> Tracked(List<Item> items, Func<string, string?> trackOf, string form)
    {
        var tracks = new Dictionary<(int, string), int>();
        return items.ConvertAll(item =>
        {
            var name =
                trackOf(Path.GetFileName(item.Path))
                ?? throw DataFile.DamagedLine(
                    item.Table,
                    item.Row.Line,
                    $"'{item.Row.File}' is not named {form}.",
                    Replace
                );
            if (!tracks.TryGetValue((item.Row.Label, name), out var track))
            {
                tracks[(item.Row.Label, name)] = track = tracks.Count;
            }

            return item with
            {
                Track = track,
            };
        });
    }

    private static List<Item> Rows(string folder, string table, int? label, LeftOut left)
    {
        var present = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var items = new List<Item>();
        foreach (var row in GtsrbTable.Read(table, Classes, Replace))
        {
            if (label is not null && row.Label != label)
            {
                throw DataFile.DamagedLine(
                    table,
                    row.Line,
                    $"class {row.Label} in the folder of class {label}.",
                    Replace
                );
            }

            var path = Path.Combine(folder, row.File);
            var holder = Path.GetDirectoryName(path)!;
            if (!present.TryGetValue(holder, out var files))
            {
                present[holder] = files = PicturesIn(holder, left);
            }

            if (!files.Remove(Path.GetFileName(path)))
            {
                throw DataFile.DamagedLine(table, row.Line, $"{row.File} is listed but not in {holder}.", Replace);
            }

            items.Add(new(row, path, table, 0));
        }

        var without = present.Values.Sum(files => files.Count);
        return without == 0
            ? items
            : throw new DatasetException(
                $"{table}: {without} pictures of the folder have no row, the first is {present.Values.SelectMany(files => files).Min(StringComparer.Ordinal)}. {Replace}"
            );
    }

    private static HashSet<string> PicturesIn(string folder, LeftOut left)
    {
        var pictures = new HashSet<string>(StringComparer.Ordinal);
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
        foreach (var path in files.Order(StringComparer.Ordinal))
        {
            if (left.Takes(path, isFolder: false))
            {
                continue;
            }

            if (ImageFiles.IsPicture(path))
            {
                pictures.Add(Path.GetFileName(path));
            }
            else if (!path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
            {
                left.AddFile(path);
            }
        }

        return pictures;
    }
}
