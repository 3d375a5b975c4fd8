using System.Collections.Concurrent;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Weights;

/// <summary>Finds the network of the catalog that the tensors of a file belong to, by their names and shapes.</summary>
public static class Architectures
{
    private static readonly ConcurrentDictionary<
        (ModelSource, int, int, int, int),
        IReadOnlyDictionary<string, long[]>
    > Layouts = new();

    /// <summary>The network that fits, or the nearest one with what differs.</summary>
    /// <param name="file">The file.</param>
    /// <param name="shape">Images and classes of the data set it may have been trained for.</param>
    /// <param name="dataset">Name of that data set, for words.</param>
    /// <param name="entry">Which of its entries; empty for the first that fits.</param>
    /// <exception cref="WeightFileException">It has no such entry.</exception>
    public static ArchitectureFit Find(WeightFile file, DatasetShape shape, string dataset, string entry = "") =>
        Best(
            file,
            [
                .. MethodCatalog
                    .Default.Of<ModelSource>()
                    .SelectMany(method => ((ModelSource)method.CreateDefault()).Variants)
                    .Where(source => source.SmallestSide <= Math.Min(shape.Height, shape.Width)),
            ],
            shape,
            dataset,
            entry
        );

    /// <summary>Tries one network.</summary>
    /// <exception cref="WeightFileException">The file has no such entry.</exception>
    public static ArchitectureFit Fit(
        WeightFile file,
        ModelSource source,
        DatasetShape shape,
        string dataset,
        string entry = ""
    ) => Best(file, [source], shape, dataset, entry);

    private static ArchitectureFit Best(
        WeightFile file,
        IReadOnlyList<ModelSource> sources,
        DatasetShape shape,
        string dataset,
        string entry
    )
    {
        List<ArchitectureFit> whole =
        [
            .. Chosen(file.Entries, entry)
                .Select(WeightNames.Plain)
                .Select(plain => Nearest(plain, sources, shape, dataset)),
        ];
        if (whole.Count == 0)
        {
            whole =
            [
                .. Chosen([.. file.Entries.SelectMany(WeightNames.Parts)], entry)
                    .Select(WeightNames.Plain)
                    .Select(plain => Nearest(plain, sources, shape, dataset)),
            ];
        }

        if (whole.Count == 0)
        {
            throw new WeightFileException(
                $"The file has no entry '{Shortened.Text(entry)}'; it has {Shortened.List([.. file.Entries.Select(one => one.Name.Length == 0 ? "the outermost one" : $"'{one.Name}'")], 8)}."
            );
        }

        var fitting = whole.FindAll(fit => fit.Fits);
        if (fitting.Count == 0 && entry.Length == 0)
        {
            fitting =
            [
                .. file
                    .Entries.SelectMany(WeightNames.Parts)
                    .Select(WeightNames.Plain)
                    .Select(plain => Nearest(plain, sources, shape, dataset))
                    .Where(fit => fit.Fits),
            ];
        }

        return fitting.Count == 0
            ? whole.MinBy(fit => fit.Distance)!
            : fitting[0] with
            {
                OtherEntries = [.. fitting.Skip(1).Select(fit => fit.Entry)],
            };
    }

    private static IEnumerable<WeightEntry> Chosen(IReadOnlyList<WeightEntry> entries, string entry) =>
        entries.Where(one => entry.Length == 0 || one.Name == entry);

    private static ArchitectureFit Nearest(
        PlainWeights plain,
        IReadOnlyList<ModelSource> sources,
        DatasetShape shape,
        string dataset
    ) =>
        sources.Select(source => Try(plain.Tensors, source, shape, dataset)).MinBy(fit => fit.Distance)! with
        {
            Entry = plain.Entry,
            Mean = plain.Mean,
            Deviation = plain.Deviation,
        };

    private static ArchitectureFit Try(
        IReadOnlyDictionary<string, StoredTensor> tensors,
        ModelSource source,
        DatasetShape shape,
        string dataset
    )
    {
        var found = new Dictionary<string, StoredTensor>();
        var missing = new List<string>();
        var other = new List<(string Name, IReadOnlyList<long> InFile, long[] InNetwork)>();
        foreach (var (name, size) in Layout(source, shape))
        {
            if (
                WeightNames.Of(name).Select(tensors.GetValueOrDefault).FirstOrDefault(tensor => tensor is not null)
                is not { } tensor
            )
            {
                missing.Add($"{name} {Text(size)}");
                continue;
            }

            found[name] = tensor;
            if (!tensor.Shape.SequenceEqual(size))
            {
                other.Add((name, tensor.Shape, size));
            }
        }

        var used = found.Values.ToHashSet();
        List<string> unexpected =
        [
            .. tensors
                .Values.Where(tensor => !used.Contains(tensor))
                .Select(tensor => $"{tensor.Name} {Text(tensor.Shape)}"),
        ];
        var differences = missing.Count + other.Count + unexpected.Count;
        if (differences == 0)
        {
            return new() { Source = source, Tensors = found };
        }

        var head =
            missing.Count + unexpected.Count == 0
            && other.TrueForAll(entry =>
                entry.InFile.Count == entry.InNetwork.Length
                && entry.InNetwork[0] == shape.Classes
                && entry.InFile.Skip(1).SequenceEqual(entry.InNetwork.Skip(1))
            );
        return new()
        {
            Source = source,
            Distance = differences / (double)(differences + found.Count - other.Count),
            Tensors = head ? found.Where(pair => other.TrueForAll(entry => entry.Name != pair.Key)).ToDictionary() : [],
            Outputs = head ? (int)Math.Min(other[0].InFile[0], int.MaxValue) : null,
            Fault =
                head
                    ? $"The file has {other[0].InFile[0]} outputs, {dataset} has {shape.Classes} classes: choose the data set it was trained for."
                : tensors.Count == 0 ? "The file has no weights by name: a frozen or quantized program."
                : found.Count == 0
                    ? $"No network of the catalog for {dataset} has any of the names in the file, which begin with {Shortened.List(unexpected)}."
                : Words(
                    source,
                    dataset,
                    missing,
                    unexpected,
                    [
                        .. other.Select(entry =>
                            $"{entry.Name} is {Text(entry.InFile)} in the file and {Text(entry.InNetwork)} in the network"
                        ),
                    ]
                ),
        };
    }

    private static string Words(
        ModelSource source,
        string dataset,
        List<string> missing,
        List<string> unexpected,
        List<string> other
    )
    {
        string[] parts =
        [
            Few("missing: ", missing),
            Few("not expected: ", unexpected),
            Few("of another shape: ", other),
        ];
        return $"The nearest network of the catalog for {dataset} is {MethodCatalog.Default.For(source).Name}, and the file does not fit it. {string.Join("; ", parts.Where(part => part.Length > 0))}.";
    }

    private static string Few(string title, List<string> names) =>
        names.Count == 0 ? "" : title + Shortened.List(names);

    private static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>
    /// Names and shapes of a network's weights and statistics. The random stream of the caller is left as it was.
    /// </summary>
    private static IReadOnlyDictionary<string, long[]> Layout(ModelSource source, DatasetShape shape) =>
        Layouts.GetOrAdd(
            (source, shape.Channels, shape.Height, shape.Width, shape.Classes),
            _ =>
            {
                using var scope = NewDisposeScope();
                using var network = RandomStream.Untouched(() =>
                    source.Build(
                        new(
                            shape.Channels,
                            shape.Height,
                            shape.Width,
                            shape.Classes,
                            Normalization.Identity(shape.Channels)
                        )
                    )
                );
                return network
                    .state_dict()
                    .Where(entry => !WeightNames.IsNormalization(entry.Key))
                    .ToDictionary(entry => entry.Key, entry => entry.Value.shape);
            }
        );
}
