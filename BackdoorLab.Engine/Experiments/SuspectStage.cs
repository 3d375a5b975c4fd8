using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Weights;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Reads a model from its file and finds out what it expects of its pixels.</summary>
internal sealed class SuspectStage(StageContext stage)
{
    /// <summary>Clean images that decide between pixel scales, at most.</summary>
    internal const int Images = 500;

    internal const string ResultFile = "suspect.json";

    /// <summary>The network in evaluation mode, which the caller owns, and what was found.</summary>
    /// <exception cref="WeightFileException">The file is not there, not the one that was named, or does not fit the network.</exception>
    internal (Classifier Network, SuspectLoaded Loaded) Load(RunContext run)
    {
        var suspect = stage.Spec.Suspect!;
        using var file = WeightFile.Open(Verified(suspect));
        var shape = new DatasetShape(stage.Shape.Channels, stage.Shape.Height, stage.Shape.Width, stage.Shape.Classes, 0, 0);
        var fit = Architectures.Fit(file, stage.Spec.Model, shape, MethodCatalog.Default.For(stage.Spec.Dataset).Name);
        if (!fit.Fits)
        {
            throw new WeightFileException(fit.Fault);
        }

        run.Log($"{suspect.File}: {file.Format}, {file.Tensors.Count} tensors, {file.Numbers:#,0} numbers.");
        var weights = fit.Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.Read());
        var images = stage.Inputs.Holdout.Draw(Images, run.Seeds.Child("pixels"));
        var tried = new List<(Classifier Network, string Words, double Accuracy)>();
        try
        {
            foreach (var (words, scale) in Scales(suspect.Pixels, Own(file)))
            {
                var network = stage.Spec.Model.Build(stage.Shape with { Normalization = scale });
                tried.Add((network, words, 0));
                Fill(network, weights);
                tried[^1] = (network, words, Evaluator.Measure(network, images, null, run).CleanAccuracy.Value);
            }

            var best = tried.MaxBy(one => one.Accuracy);
            tried.Remove(best);
            string[] remarks = [Chosen(best, tried, images.Count), .. best.Accuracy < SuspectModel.LowAccuracy ? [Doubt(best.Accuracy)] : Array.Empty<string>()];
            Array.ForEach(remarks, run.Log);
            return (best.Network, new(best.Network.Shape.Normalization, best.Accuracy, remarks));
        }
        finally
        {
            tried.ForEach(one => one.Network.Dispose());
        }
    }

    private string Verified(SuspectModel suspect)
    {
        var path = suspect.Find(stage.ModelFolder)
            ?? throw new WeightFileException($"The model file '{suspect.File}' (SHA-256 {suspect.Sha256[..12]}...) is not here. Choose it again on the page Check my model, or put it beside the spec.");
        var found = SuspectModel.HashOf(path);
        return found == suspect.Sha256 ? path
            : throw new WeightFileException($"The model file '{suspect.File}' has changed: its SHA-256 is {found[..12]}..., not {suspect.Sha256[..12]}.... Check the new one as a model of its own.");
    }

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

    // Files of this program hold the preprocessing too.
    private Normalization? Own(WeightFile file)
    {
        var tensors = WeightNames.Plain(file.Tensors);
        return tensors.GetValueOrDefault(WeightNames.Mean) is { IsFloat: true } mean && tensors.GetValueOrDefault(WeightNames.Deviation) is { IsFloat: true } deviation
            && mean.Count == stage.Shape.Channels && deviation.Count == stage.Shape.Channels
            ? new(mean.Read(), deviation.Read())
            : null;
    }

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

    private static string Chosen((Classifier Network, string Words, double Accuracy) best, List<(Classifier Network, string Words, double Accuracy)> others, int count) => FormattableString.Invariant(
        $"pixel scale: {best.Words} ({100 * best.Accuracy:0.0} % of {count} clean images right{string.Concat(others.Select(other => FormattableString.Invariant($"; {other.Words} {100 * other.Accuracy:0.0} %")))})");

    private static string Doubt(double accuracy) => FormattableString.Invariant(
        $"the model is right on {100 * accuracy:0.0} % of clean images only: data set or pixel scale are probably not those it was trained with, and then the verdicts mean little");
}

/// <summary>What was found out about a model from a file.</summary>
/// <param name="Normalization">Its preprocessing.</param>
/// <param name="CleanAccuracy">On a few hundred clean images, 0..1.</param>
/// <param name="Remarks">Sentences to show beside all its numbers.</param>
internal sealed record SuspectLoaded(Normalization Normalization, double CleanAccuracy, IReadOnlyList<string> Remarks);
