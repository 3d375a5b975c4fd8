using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>Weights of a file in the catalog's network of the same names and sizes.</summary>
/// <param name="spec">The experiment.</param>
/// <param name="file">The file.</param>
internal sealed class LoadedWeights(ExperimentSpec spec, CheckedModel file) : LoadedFromFile(spec, file)
{
    // No mean or standard deviation of pixels in [0,1] is larger; those of bytes are.
    private const float MostOfUnit = 4;
    private const float Bytes = 255;

    /// <inheritdoc/>
    protected override string KeptFile => ArtifactStore.WeightsFile;

    /// <inheritdoc/>
    protected override (MadeModel Model, FileFacts Facts) Load(string path, StageContext stage, RunContext run)
    {
        using var content = WeightFile.Open(path);
        var images = stage.Shape;
        var shape = new DatasetShape(images.Channels, images.Height, images.Width, images.Classes, 0, 0);
        var dataset = MethodCatalog.Default.For(Spec.Dataset).Name;
        var fit = Architectures.Fit(content, Spec.Model, shape, dataset, File.Entry);
        if (!fit.Fits)
        {
            throw new WeightFileException(fit.Fault);
        }

        run.Log($"{File.File}: {content.Format}, {fit.Tensors.Count} tensors used.");
        var weights = fit.Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.Read());
        var (network, facts) = Choose(
            Own(fit, images.Channels),
            Build,
            Images(stage, run),
            stage,
            run,
            Remarks(content, fit)
        );
        return (new(network) { Remarks = facts.Remarks }, facts);

        Classifier Build(Normalization scale)
        {
            var network = Spec.Model.Build(stage.Shape with { Normalization = scale });
            NetworkWeights.Fill(network, weights);
            network.eval();
            return network;
        }
    }

    /// <inheritdoc/>
    protected override void Keep(string path, Classifier network, StageKey key, ArtifactStore store) =>
        store.SaveWeights(key, network);

    /// <inheritdoc/>
    protected override MadeModel Restore(StageKey key, FileFacts facts, StageContext stage)
    {
        return new(Stored) { Remarks = facts.Remarks };

        Classifier Stored()
        {
            var network = Spec.Model.Build(stage.Shape with { Normalization = facts.Normalization });
            stage.Store.LoadWeights(key, network);
            return network;
        }
    }

    // Files of this program hold the preprocessing, and so do those of a normalising layer before the network. A layer
    // that was made for pixels of 0 to 255 says so by its size.
    private static Normalization? Own(ArchitectureFit fit, int channels)
    {
        if (fit is not { Mean: { } first, Deviation: { } second } || (first.Count != 1 && first.Count != channels))
        {
            return null;
        }

        var (mean, deviation) = (first.Read(), second.Read());
        if (deviation.Any(value => value <= 0))
        {
            throw new WeightFileException(
                $"'{Shortened.Text(second.Name)}' is the deviation of the pixels and holds "
                    + "values that are not above 0: the file is damaged."
            );
        }

        var unit = mean.Concat(deviation).Max() > MostOfUnit ? Bytes : 1;
        return new(Channels(mean), Channels(deviation));

        float[] Channels(float[] values) =>
            [.. Enumerable.Range(0, channels).Select(channel => values[channel % values.Length] / unit)];
    }

    private static IEnumerable<string> Remarks(WeightFile content, ArchitectureFit fit)
    {
        if (fit.Entry.Length > 0)
        {
            string[] others =
            [
                .. fit.OtherEntries.Select(name => name.Length == 0 ? "the outermost one" : $"'{name}'"),
            ];
            yield return $"weights: the file's entry '{Shortened.Text(fit.Entry)}'"
                + (others.Length > 0 ? $"; {Shortened.List(others)} would fit too, and naming the entry takes it" : "");
        }

        if (content.HasProgram)
        {
            yield return "TorchScript: the weights are the file's, the computation is the catalog's network of the "
                + "same names and sizes; what else the file's program does, a normalisation inside it for one, is not "
                + "seen (the program itself can be checked too)";
        }

        if (content.Uncalled.Count > 0)
        {
            yield return $"left out: values beside the weights that Python would make by calling "
                + $"{Shortened.List(content.Uncalled)}; nothing was called";
        }
    }
}
