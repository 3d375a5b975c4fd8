using System.Globalization;
using System.Text.RegularExpressions;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The labels of validation pictures that lie in one folder, in the forms in which they are published:
/// <c>val_annotations.txt</c> of Tiny-ImageNet, <c>LOC_val_solution.csv</c> of ImageNet at Kaggle, Caffe's
/// <c>val.txt</c> (a file and a class folder or a label from 0 a line), and the devkit's
/// <c>ILSVRC2012_validation_ground_truth.txt</c>, whose numbers are lines of <c>ILSVRC2012_synsets.txt</c>.
/// </summary>
internal static partial class ValidationList
{
    private const string GroundTruth = "ILSVRC2012_validation_ground_truth.txt";
    private const string Synsets = "ILSVRC2012_synsets.txt";

    private static readonly string[] Files = ["val_annotations.txt", "LOC_val_solution.csv", "val.txt", GroundTruth];

    /// <summary>What is looked for and where.</summary>
    public static string Wanted { get; } =
        $"a folder for each class, or the labels in one of {string.Join(", ", Files)} in that folder or beside it";

    /// <summary>Whether a file is such a list.</summary>
    public static bool IsList(string name) => name == Synsets || Files.Contains(name);

    /// <summary>The list in one of the folders, or null.</summary>
    public static string? Find(params ReadOnlySpan<string> folders)
    {
        foreach (var folder in folders)
        {
            if (Files.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The label of each picture, and remarks on lines that were of no use.</summary>
    /// <param name="list">The list.</param>
    /// <param name="pictures">Paths of the pictures.</param>
    /// <param name="classes">Class folders in the order of their labels.</param>
    /// <param name="remedy">What to do when it is wrong.</param>
    /// <exception cref="DatasetException">A picture without a line, a line without a known class.</exception>
    public static (List<(string File, int Label)> Items, string? Remark) Read(
        string list,
        IReadOnlyList<string> pictures,
        string[] classes,
        string remedy
    )
    {
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < classes.Length; i++)
        {
            labels[classes[i]] = i;
        }

        // Where folders are called by numbers, a number is a folder's name: as a label it would mean another class.
        var byLabel = !classes.Any(name => name.All(char.IsAsciiDigit));
        var byStem = pictures.ToLookup(file => Path.GetFileNameWithoutExtension(file), StringComparer.Ordinal);
        var items = new Dictionary<string, int>(StringComparer.Ordinal);
        var unused = 0;
        foreach (var (line, picture, name) in Rows(list, remedy))
        {
            var alike = byStem[Path.GetFileNameWithoutExtension(picture)].ToList();
            var file = alike.Find(one => Path.GetFileName(one) == picture) ?? alike.FirstOrDefault();
            if (file is null)
            {
                unused++;
                continue;
            }

            if (
                !labels.TryGetValue(name, out var label)
                && !(
                    byLabel
                    && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out label)
                    && label < classes.Length
                )
            )
            {
                throw DataFile.DamagedLine(
                    list,
                    line,
                    $"'{name}' is no class folder of train/{(byLabel ? $" and no label in 0..{classes.Length - 1}" : "")}.",
                    remedy
                );
            }

            if (!items.TryAdd(file, label))
            {
                throw DataFile.DamagedLine(list, line, $"{picture} has a line already.", remedy);
            }
        }

        var without = pictures.Where(file => !items.ContainsKey(file)).ToList();
        return without.Count > 0
            ? throw new DatasetException(
                $"{list}: {DataFile.Number(without.Count)} pictures have no line, the first is {Path.GetFileName(without[0])}. {remedy}"
            )
            : (
                [.. pictures.Select(file => (file, items[file]))],
                unused == 0
                    ? null
                    : $"{DataFile.Number(unused)} lines of {Path.GetFileName(list)} name pictures that are not there"
            );
    }

    private static IEnumerable<(int Line, string Picture, string Class)> Rows(string list, string remedy)
    {
        var lines = DataFile.Lines(list, remedy);
        if (Path.GetFileName(list) == GroundTruth)
        {
            return ByNumber(list, lines, remedy);
        }

        var skip =
            list.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)
            && lines.Count > 0
            && lines[0].Text.StartsWith("ImageId", StringComparison.OrdinalIgnoreCase)
                ? 1
                : 0;
        return lines
            .Skip(skip)
            .Select(line =>
                Separators().Split(line.Text.Trim()) is [var picture, var name, ..]
                    ? (line.Number, picture, name)
                    : throw DataFile.DamagedLine(list, line.Number, "a picture and its class expected.", remedy)
            );
    }

    // The devkit counts classes in an order of its own, which is not that of their names and stands in its meta.mat
    // alone.
    private static IEnumerable<(int Line, string Picture, string Class)> ByNumber(
        string list,
        IReadOnlyList<(int Number, string Text)> lines,
        string remedy
    )
    {
        var order = Path.Combine(Path.GetDirectoryName(list)!, Synsets);
        if (!File.Exists(order))
        {
            throw new DatasetException(
                $"{list} has class numbers in the order of the devkit's meta.mat, which is not alphabetical. Put that order beside it as {Synsets}, one class folder a line: "
                    + $"scipy.io.loadmat('meta.mat', squeeze_me=True)['synsets']['WNID'][:1000]. Or use val.txt or LOC_val_solution.csv. {remedy}"
            );
        }

        var synsets = DataFile.Lines(order, remedy);
        return lines.Select(line =>
            int.TryParse(line.Text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= 1
            && number <= synsets.Count
                ? (
                    line.Number,
                    string.Create(CultureInfo.InvariantCulture, $"ILSVRC2012_val_{line.Number:D8}"),
                    synsets[number - 1].Text.Trim()
                )
                : throw DataFile.DamagedLine(
                    list,
                    line.Number,
                    $"'{line.Text}' is no number in 1..{synsets.Count}.",
                    remedy
                )
        );
    }

    [GeneratedRegex(@"[\s,;]+")]
    private static partial Regex Separators();
}
