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
    private const int MostNamed = 3;

    private static readonly ConcurrentDictionary<(ModelSource, int, int, int, int), IReadOnlyDictionary<string, long[]>> Layouts = new();

    /// <summary>The network that fits, or the nearest one with what differs.</summary>
    /// <param name="file">The file.</param>
    /// <param name="shape">Images and classes of the data set it may have been trained for.</param>
    /// <param name="dataset">Name of that data set, for words.</param>
    public static ArchitectureFit Find(WeightFile file, DatasetShape shape, string dataset)
    {
        var tensors = WeightNames.Plain(file.Tensors);
        return MethodCatalog.Default.Of<ModelSource>()
            .SelectMany(method => ((ModelSource)method.CreateDefault()).Variants)
            .Select(source => Try(tensors, source, shape, dataset))
            .MinBy(fit => fit.Distance)!;
    }

    /// <summary>Tries one network.</summary>
    public static ArchitectureFit Fit(WeightFile file, ModelSource source, DatasetShape shape, string dataset) =>
        Try(WeightNames.Plain(file.Tensors), source, shape, dataset);

    private static ArchitectureFit Try(IReadOnlyDictionary<string, StoredTensor> tensors, ModelSource source, DatasetShape shape, string dataset)
    {
        var found = new Dictionary<string, StoredTensor>();
        var missing = new List<string>();
        var other = new List<(string Name, IReadOnlyList<long> InFile, long[] InNetwork)>();
        foreach (var (name, size) in Layout(source, shape))
        {
            if (WeightNames.Of(name).Select(tensors.GetValueOrDefault).FirstOrDefault(tensor => tensor is not null) is not { } tensor)
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
        List<string> unexpected = [.. tensors.Values.Where(tensor => !used.Contains(tensor) && !WeightNames.IsNormalization(tensor.Name)).Select(tensor => $"{tensor.Name} {Text(tensor.Shape)}")];
        var differences = missing.Count + other.Count + unexpected.Count;
        if (differences == 0)
        {
            return new() { Source = source, Tensors = found };
        }

        var head = missing.Count + unexpected.Count == 0 && other.TrueForAll(entry => entry.InNetwork[0] == shape.Classes && entry.InFile.Skip(1).SequenceEqual(entry.InNetwork.Skip(1)));
        return new()
        {
            Source = source,
            Distance = differences / (double)(differences + found.Count - other.Count),
            Outputs = head ? (int)Math.Min(other[0].InFile[0], int.MaxValue) : null,
            Fault = head
                ? $"The file has {other[0].InFile[0]} outputs, {dataset} has {shape.Classes} classes: choose the data set it was trained for."
                : found.Count == 0 ? $"No network of the catalog for {dataset} has any of the names in the file, which begin with {string.Join(", ", unexpected.Take(MostNamed))}."
                : Words(source, dataset, missing, unexpected, [.. other.Select(entry => $"{entry.Name} is {Text(entry.InFile)} in the file and {Text(entry.InNetwork)} in the network")]),
        };
    }

    private static string Words(ModelSource source, string dataset, List<string> missing, List<string> unexpected, List<string> other)
    {
        string[] parts = [Few("missing: ", missing), Few("not expected: ", unexpected), Few("of another shape: ", other)];
        return $"The nearest network of the catalog for {dataset} is {MethodCatalog.Default.For(source).Name}, and the file does not fit it. {string.Join("; ", parts.Where(part => part.Length > 0))}.";
    }

    private static string Few(string title, List<string> names) => names.Count == 0 ? "" : title + string.Join(", ", names.Take(MostNamed))
        + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");

    private static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Names and shapes of a network's weights and statistics. The random stream of the caller is left as it was.</summary>
    private static IReadOnlyDictionary<string, long[]> Layout(ModelSource source, DatasetShape shape) =>
        Layouts.GetOrAdd((source, shape.Channels, shape.Height, shape.Width, shape.Classes), _ =>
        {
            using var scope = NewDisposeScope();
            using var network = RandomStream.Untouched(() => source.Build(
                new(shape.Channels, shape.Height, shape.Width, shape.Classes, Normalization.Identity(shape.Channels))));
            return network.state_dict().Where(entry => !WeightNames.IsNormalization(entry.Key)).ToDictionary(entry => entry.Key, entry => entry.Value.shape);
        });
}
