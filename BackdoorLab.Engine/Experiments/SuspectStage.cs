using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Weights;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Reads a model from its file and finds out what it expects of its pixels.</summary>
internal sealed class SuspectStage(StageContext stage)
{
    /// <summary>Clean images that decide between pixel scales, at most.</summary>
    internal const int MostImages = 500;

    internal const string ResultFile = "suspect.json";

    // No mean or deviation of pixels in [0,1] is larger; those of bytes are.
    private const float MostOfUnit = 4;
    private const float Bytes = 255;

    /// <summary>Where the file is, when it is the one that the spec names.</summary>
    /// <exception cref="WeightFileException">It is not there, or not the one that was named.</exception>
    internal string File()
    {
        var suspect = stage.Spec.Suspect!;
        var path = suspect.Find(stage.ModelFolder)
            ?? throw new WeightFileException($"The model file '{suspect.File}' (SHA-256 {suspect.Sha256[..12]}...) is not here. Choose it again on the page Check my model, or put it beside the spec.");
        var found = SuspectModel.HashOf(path);
        return found == suspect.Sha256 ? path
            : throw new WeightFileException($"The model file '{suspect.File}' has changed: its SHA-256 is {found[..12]}..., not {suspect.Sha256[..12]}.... Check the new one as a model of its own.");
    }

    /// <summary>A program as a network, which the caller owns, and what was found.</summary>
    /// <exception cref="NotApplicableException">It gives no logits for such images.</exception>
    /// <exception cref="WeightFileException">It is for another number of classes, or its process has ended.</exception>
    internal (Classifier Network, SuspectLoaded Loaded) Load(ProgramClient program, RunContext run)
    {
        var images = Images(run);
        using var raw = new ProgramNetwork(program, stage.Shape with { Normalization = Normalization.Identity(stage.Shape.Channels) }, givesProbabilities: false);
        var probabilities = AreProbabilities(Inference.Rows(raw.call, images, run), stage.Shape.Classes);
        return Choose(
            null,
            scale => new ProgramNetwork(program, stage.Shape with { Normalization = scale }, probabilities),
            images,
            run,
            [
                "TorchScript: the file's own program is run, in a process of its own that can write no file; other precisions than FP32 and what needs weights or features do not apply",
                .. probabilities ? ["the program gives probabilities; their logarithm stands for its logits"] : Array.Empty<string>(),
            ],
            probabilities);
    }

    /// <summary>The network in evaluation mode, which the caller owns, and what was found.</summary>
    /// <param name="path">See <see cref="File"/>.</param>
    /// <param name="run">Random streams, cancellation, log.</param>
    /// <exception cref="WeightFileException">The file does not fit the network.</exception>
    internal (Classifier Network, SuspectLoaded Loaded) Load(string path, RunContext run)
    {
        var suspect = stage.Spec.Suspect!;
        using var file = WeightFile.Open(path);
        var shape = new DatasetShape(stage.Shape.Channels, stage.Shape.Height, stage.Shape.Width, stage.Shape.Classes, 0, 0);
        var fit = Architectures.Fit(file, stage.Spec.Model, shape, MethodCatalog.Default.For(stage.Spec.Dataset).Name, suspect.Entry);
        if (!fit.Fits)
        {
            throw new WeightFileException(fit.Fault);
        }

        run.Log($"{suspect.File}: {file.Format}, {fit.Tensors.Count} tensors used.");
        var weights = fit.Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.Read());
        return Choose(Own(fit), Build, Images(run), run, [.. Entry(file, fit)]);

        Classifier Build(Normalization scale)
        {
            var network = stage.Spec.Model.Build(stage.Shape with { Normalization = scale });
            Fill(network, weights);
            return network;
        }
    }

    // One network for each scale that comes into question; the one with the smallest loss stays.
    private (Classifier Network, SuspectLoaded Loaded) Choose(
        Normalization? own, Func<Normalization, Classifier> build, ImageSet images, RunContext run, string[] found, bool probabilities = false)
    {
        var tried = new List<(Classifier Network, ScaleTrial Trial)>();
        try
        {
            foreach (var (words, scale) in Scales(stage.Spec.Suspect!.Pixels, own))
            {
                var network = build(scale);
                tried.Add((network, ScaleTrial.None));
                tried[^1] = (network, ScaleTrial.Of(words, Inference.Rows(network.call, images, run), images));
            }

            var best = tried.MinBy(one => one.Trial.Loss);
            tried.Remove(best);
            string[] remarks =
            [
                best.Trial.Words(tried.ConvertAll(one => one.Trial)),
                .. found,
                .. SuspectModel.Doubt(best.Trial.Accuracy) is { } doubt ? [VerdictWords.Because(UndecidedReason.LowAccuracy, doubt.Figures)] : Array.Empty<string>(),
            ];
            Array.ForEach(remarks, run.Log);
            return (best.Network, new(best.Network.Shape.Normalization, best.Trial.Accuracy, remarks) { GivesProbabilities = probabilities });
        }
        finally
        {
            tried.ForEach(one => one.Network.Dispose());
        }
    }

    private ImageSet Images(RunContext run) => stage.Inputs.Holdout.Draw(MostImages, run.Seeds.Child("pixels"));

    /// <summary>Whether all rows are distributions over the classes: no number below zero, and a sum of one.</summary>
    internal static bool AreProbabilities(float[] rows, int classes) =>
        rows.Length > 0 && rows.Chunk(classes).All(row => row.Min() >= 0 && Math.Abs(row.Sum() - 1) < 1e-3);

    private IEnumerable<(string Words, Normalization Scale)> Scales(PixelScale wanted, Normalization? own)
    {
        var channels = stage.Shape.Channels;
        if (wanted == PixelScale.Automatic && own is not null)
        {
            return [("as the file says", own)];
        }

        (PixelScale Scale, string Words, Normalization Normalization)[] all =
        [
            (PixelScale.Dataset, "the data set's mean and deviation", stage.Shape.Normalization),
            (PixelScale.Unit, "pixels in [0,1]", Normalization.Identity(channels)),
            (PixelScale.Half, "mean and deviation 0.5", new([.. Enumerable.Repeat(0.5f, channels)], [.. Enumerable.Repeat(0.5f, channels)])),
        ];
        return all.Where(one => wanted == PixelScale.Automatic || one.Scale == wanted).Select(one => (one.Words, one.Normalization));
    }

    // Files of this program hold the preprocessing, and so do those of a normalising layer before the network. A layer that was made for
    // pixels of 0 to 255 says so by its size.
    private Normalization? Own(ArchitectureFit fit)
    {
        if (fit is not { Mean: { } first, Deviation: { } second } || (first.Count != 1 && first.Count != stage.Shape.Channels))
        {
            return null;
        }

        var (mean, deviation) = (first.Read(), second.Read());
        if (deviation.Any(value => value <= 0))
        {
            throw new WeightFileException($"'{Shortened.Text(second.Name)}' is the deviation of the pixels and holds values that are not above 0: the file is damaged.");
        }

        var unit = mean.Concat(deviation).Max() > MostOfUnit ? Bytes : 1;
        return new(Channels(mean, unit), Channels(deviation, unit));
    }

    private float[] Channels(float[] values, float unit) => [.. Enumerable.Range(0, stage.Shape.Channels).Select(channel => values[channel % values.Length] / unit)];

    private static void Fill(Classifier network, Dictionary<string, float[]> weights)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, target) in network.state_dict())
        {
            if (weights.TryGetValue(name, out var values))
            {
                target.copy_(tensor(values).reshape(target.shape));
            }
        }

        network.eval();
    }

    private static IEnumerable<string> Entry(WeightFile file, ArchitectureFit fit)
    {
        if (fit.Entry.Length > 0)
        {
            yield return $"weights: the file's entry '{Shortened.Text(fit.Entry)}'"
                + (fit.OtherEntries.Count > 0 ? $"; {Shortened.List([.. fit.OtherEntries.Select(name => name.Length == 0 ? "the outermost one" : $"'{name}'")])} would fit too, and naming the entry takes it" : "");
        }

        if (file.HasProgram)
        {
            yield return "TorchScript: the weights are the file's, the computation is the catalog's network of the same names and sizes; what else the file's program does, a normalisation inside it for one, is not seen (the program itself can be checked too)";
        }

        if (file.Uncalled.Count > 0)
        {
            yield return $"left out: values beside the weights that Python would make by calling {Shortened.List(file.Uncalled)}; nothing was called";
        }
    }
}

/// <summary>What was found out about a model from a file.</summary>
/// <param name="Normalization">Its preprocessing.</param>
/// <param name="CleanAccuracy">On a few hundred clean images, 0..1.</param>
/// <param name="Remarks">Sentences to show beside all its numbers.</param>
internal sealed record SuspectLoaded(Normalization Normalization, double CleanAccuracy, IReadOnlyList<string> Remarks)
{
    /// <summary>Whether a program gives probabilities and not logits.</summary>
    public bool GivesProbabilities { get; init; }
}
