using System.Globalization;

namespace BackdoorLab.Engine.Datasets;

/// <summary>The files of GTSRB in a data root: rows of both splits, checked against the pictures that are there.</summary>
/// <param name="Train">Training rows with full path and track.</param>
/// <param name="Test">Test rows with full path; no tracks.</param>
internal sealed record GtsrbFolder(IReadOnlyList<GtsrbFolder.Item> Train, IReadOnlyList<GtsrbFolder.Item> Test)
{
    /// <summary>Classes of the benchmark.</summary>
    public const int Classes = 43;

    /// <summary>What to do when it is missing or damaged.</summary>
    public const string Remedy =
        "Get GTSRB_Final_Training_Images.zip, GTSRB_Final_Test_Images.zip and GTSRB_Final_Test_GT.zip from "
        + "https://benchmark.ini.rub.de and unpack them in gtsrb/ under the data root, "
        + "so that it holds GTSRB/Final_Training/Images/00000..00042/, GTSRB/Final_Test/Images/ and GT-final_test.csv.";

    private const string Replace = "Restore the file from the archives at https://benchmark.ini.rub.de.";

    /// <summary>A picture: its annotation, its path, the annotation file, and the track (physical sign) it belongs to.</summary>
    internal readonly record struct Item(GtsrbRow Row, string Path, string Table, int Track);

    /// <summary>Reads all annotations and checks that rows and picture files are the same set.</summary>
    public static GtsrbFolder Open(string dataRoot)
    {
        var root = DataFile.Folder(dataRoot, "gtsrb/GTSRB", "gtsrb", "GTSRB")
            ?? throw DataFile.Missing($"GTSRB: folder {Path.Combine(dataRoot, "gtsrb")} not found.", Remedy);
        var training = DataFile.Folder(root, "Final_Training/Images", "Training")
            ?? throw DataFile.Missing($"GTSRB: folder {Path.Combine(root, "Final_Training", "Images")} not found.", Remedy);
        var test = DataFile.Folder(root, "Final_Test/Images")
            ?? throw DataFile.Missing($"GTSRB: folder {Path.Combine(root, "Final_Test", "Images")} not found.", Remedy);
        string[] tables =
        [
            Path.Combine(root, "GT-final_test.csv"), Path.Combine(root, "..", "GT-final_test.csv"),
            Path.Combine(test, "GT-final_test.csv"), Path.Combine(root, "Final_Test", "GT-final_test.csv"),
        ];
        var table = tables.FirstOrDefault(File.Exists)
            ?? throw DataFile.Missing($"GTSRB: GT-final_test.csv (the labels of the test images) not found in {root} or beside it.", Remedy);
        return new(ReadTraining(training), ReadFolder(test, Path.GetFullPath(table), null));
    }

    /// <summary>Decodes one picture; its size must be what its row says.</summary>
    public static Bitmap Decode(Item item)
    {
        var bitmap = Ppm.Decode(item.Path, DataFile.ReadAll(item.Path, Replace), Replace);
        CheckSize(item, bitmap.Width, bitmap.Height);
        return bitmap;
    }

    /// <summary>Checks header, size and length of one picture without decoding it.</summary>
    public static void Check(Item item)
    {
        var (width, height) = Ppm.Check(item.Path, Replace);
        CheckSize(item, width, height);
    }

    private static void CheckSize(Item item, int width, int height)
    {
        if (width != item.Row.Width || height != item.Row.Height)
        {
            throw DataFile.DamagedLine(
                item.Table, item.Row.Line, $"{item.Row.Width} x {item.Row.Height} pixels for {item.Row.File}, which has {width} x {height}.", Replace);
        }
    }

    private static List<Item> ReadTraining(string folder)
    {
        var items = new List<Item>();
        var tracks = new Dictionary<(int, string), int>();
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

            foreach (var item in ReadFolder(classFolder, table, label))
            {
                var key = (label, item.Row.File[..item.Row.File.IndexOf('_', StringComparison.Ordinal)]);
                if (!tracks.TryGetValue(key, out var track))
                {
                    tracks[key] = track = tracks.Count;
                }

                items.Add(item with { Track = track });
            }
        }

        return items;
    }

    private static List<Item> ReadFolder(string folder, string table, int? label)
    {
        var present = Directory.EnumerateFiles(folder, "*.ppm").Select(file => Path.GetFileName(file)!).ToHashSet(StringComparer.Ordinal);
        var items = new List<Item>();
        foreach (var row in GtsrbTable.Read(table, Classes, Replace))
        {
            if (label is not null && row.Label != label)
            {
                throw DataFile.DamagedLine(table, row.Line, $"class {row.Label} in the folder of class {label}.", Replace);
            }

            if (label is not null && row.File.IndexOf('_', StringComparison.Ordinal) <= 0)
            {
                throw DataFile.DamagedLine(table, row.Line, $"'{row.File}' is not named <track>_<frame>.ppm.", Replace);
            }

            if (!present.Remove(row.File))
            {
                throw DataFile.DamagedLine(table, row.Line, $"{row.File} is listed but not in {folder}.", Replace);
            }

            items.Add(new(row, Path.Combine(folder, row.File), table, 0));
        }

        return present.Count == 0 ? items : throw new DatasetException(
            $"{table}: {present.Count} pictures of the folder have no row, the first is {present.Min(StringComparer.Ordinal)}. {Replace}");
    }
}
