using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// A model from a file, of which nothing is known. What kinds of files share: that the file is the one the spec names,
/// what a check may ask, which pixel scale the model expects, and that a later run takes it from the store and does not
/// need the file.
/// </summary>
/// <param name="spec">The experiment.</param>
/// <param name="file">The file.</param>
internal abstract class LoadedFromFile(ExperimentSpec spec, CheckedModel file) : ModelOrigin(spec)
{
    private const string FactsFile = "suspect.json";

    // Clean images that decide between pixel scales.
    private const int MostImages = 500;

    /// <inheritdoc/>
    internal sealed override IReadOnlyList<Victim> Victims => [Victim.Suspect];

    /// <inheritdoc/>
    internal sealed override string Kind => "load";

    /// <inheritdoc/>
    internal sealed override string Remark =>
        "a model from a file: nothing is known of its training, so a verdict can be neither right nor wrong here, and "
        + "a detector that stays quiet proves nothing";

    /// <inheritdoc/>
    internal sealed override bool KnowsAttack => false;

    /// <inheritdoc/>
    internal sealed override SpecFault? StudyFault =>
        new("suspect", "cannot be in a study: of a model from a file it is not known what a detector should say.");

    /// <summary>The file.</summary>
    protected CheckedModel File { get; } = file;

    /// <summary>What the store keeps of it.</summary>
    protected abstract string KeptFile { get; }

    // The file's name is not in it: the same weights under another one are the same model. Holdout images choose the
    // pixel scale.
    /// <inheritdoc/>
    internal sealed override StageKey Key(Victim victim, StageKey data, Machine machine)
    {
        (string Name, object? Value)[] parts =
        [
            ("model", Spec.Model),
            ("file", File.Sha256),
            ("pixels", File.Pixels),
            ("cleanHoldout", Spec.CleanHoldout),
        ];
        return StageKey
            .Of("load", data, File.Entry.Length == 0 ? parts : [.. parts, ("entry", File.Entry)])
            .On(("threads", machine.Threads), ("library", machine.Library));
    }

    /// <inheritdoc/>
    internal sealed override string Title(Victim victim) =>
        $"Load {File.File} as {MethodCatalog.Default.For(Spec.Model).Name}";

    /// <summary>Reading the model and trying the pixel scales on it.</summary>
    internal sealed override double Seconds(Victim victim, int trainImages, Throughput pace) =>
        3.0 * MostImages / pace.ForwardImagesPerSecond;

    /// <inheritdoc/>
    internal sealed override Verdict? Doubt(double accuracy) => CheckedModel.Doubt(accuracy);

    /// <inheritdoc/>
    internal override IEnumerable<SpecFault> Faults()
    {
        foreach (var fault in File.Faults())
        {
            yield return fault with
            {
                Path = $"suspect.{fault.Path}",
            };
        }

        if (Spec.Attack is not UnknownAttack || Spec.Attack.PoisonRate > 0)
        {
            yield return new(
                "attack",
                "must be 'unknown' with poison rate 0 where the model comes from a file: "
                    + "nothing is known of how it was trained."
            );
        }

        if (Spec.BenignTwin)
        {
            yield return new(
                "benignTwin",
                "must be false where the model comes from a file: there is no training "
                    + "that could be repeated without poison."
            );
        }

        if (Spec.Federation is not null)
        {
            yield return new("federation", "must be absent where the model comes from a file: nothing is trained.");
        }

        if (Spec.Start is not null)
        {
            yield return new("start", "must be absent where the model comes from a file: nothing is trained.");
        }

        for (var i = 0; i < Spec.Defenses.Count; i++)
        {
            if (Spec.Defenses[i] is not ModelDetector)
            {
                yield return new(
                    $"defenses[{i}]",
                    "must be a model detector where the model comes from a file: "
                        + "without its training data and its trigger nothing else can be measured."
                );
            }
        }
    }

    /// <inheritdoc/>
    internal sealed override MadeModel Make(VictimPlan plan, StageContext stage, RunContext run)
    {
        if (stage.Store.Has(plan.Key, KeptFile) && stage.Store.ReadJson<FileFacts>(plan.Key, FactsFile) is { } known)
        {
            return Restore(plan.Key, known, stage);
        }

        var path = File.Locate(stage.ModelFolder);
        var (model, facts) = Load(path, stage, run);
        try
        {
            Keep(path, model.Network, plan.Key, stage.Store);
            stage.Store.WriteJson(plan.Key, FactsFile, facts);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The model in memory, and what was found out about it.</summary>
    /// <param name="path">The file, which is the one that the spec names.</param>
    /// <param name="stage">The run.</param>
    /// <param name="run">Random streams, cancellation, log.</param>
    /// <exception cref="WeightFileException">The file does not fit the network or the data.</exception>
    protected abstract (MadeModel Model, FileFacts Facts) Load(string path, StageContext stage, RunContext run);

    /// <summary>Writes <see cref="KeptFile"/>.</summary>
    protected abstract void Keep(string path, Classifier network, StageKey key, ArtifactStore store);

    /// <summary>The model of <see cref="KeptFile"/>.</summary>
    protected abstract MadeModel Restore(StageKey key, FileFacts facts, StageContext stage);

    /// <summary>Clean images that decide between pixel scales.</summary>
    protected static ImageSet Images(StageContext stage, RunContext run) =>
        stage.Inputs.Holdout.Draw(MostImages, run.Seeds.Child("pixels"));

    /// <summary>
    /// One network for each scale that comes into question; the one with the smallest loss stays, and belongs to the
    /// caller.
    /// </summary>
    /// <param name="own">The scale that the file says; null where it says none.</param>
    /// <param name="build">Makes the network, in evaluation mode, with a scale.</param>
    /// <param name="images">What the loss is of.</param>
    /// <param name="stage">The run.</param>
    /// <param name="run">Cancellation, log.</param>
    /// <param name="found">Remarks on the file.</param>
    protected (Classifier Network, FileFacts Facts) Choose(
        Normalization? own,
        Func<Normalization, Classifier> build,
        ImageSet images,
        StageContext stage,
        RunContext run,
        IEnumerable<string> found
    )
    {
        var tried = new List<(Classifier Network, ScaleTrial Trial)>();
        try
        {
            foreach (var (words, scale) in Scales(own, stage.Shape))
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
                .. Doubt(best.Trial.Accuracy) is { } doubt
                    ? [VerdictWords.Because(UndecidedReason.LowAccuracy, doubt.Figures)]
                    : Array.Empty<string>(),
            ];
            Array.ForEach(remarks, run.Log);
            return (best.Network, new(best.Network.Shape.Normalization, best.Trial.Accuracy, remarks));
        }
        finally
        {
            tried.ForEach(one => one.Network.Dispose());
        }
    }

    private IEnumerable<(string Words, Normalization Scale)> Scales(Normalization? own, ClassifierShape shape)
    {
        if (File.Pixels == PixelScale.Automatic && own is not null)
        {
            return [("as the file says", own)];
        }

        float[] halves = [.. Enumerable.Repeat(0.5f, shape.Channels)];
        (PixelScale Scale, string Words, Normalization Normalization)[] all =
        [
            (PixelScale.Dataset, "the data set's mean and standard deviation", shape.Normalization),
            (PixelScale.Unit, "pixels in [0,1]", Normalization.Identity(shape.Channels)),
            (PixelScale.Half, "mean and standard deviation 0.5", new(halves, halves)),
        ];
        return all.Where(one => File.Pixels == PixelScale.Automatic || one.Scale == File.Pixels)
            .Select(one => (one.Words, one.Normalization));
    }
}

/// <summary>What was found out about a model from a file.</summary>
/// <param name="Normalization">Its preprocessing.</param>
/// <param name="CleanAccuracy">On a few hundred clean images, 0..1.</param>
/// <param name="Remarks">Sentences to show beside all its numbers.</param>
internal sealed record FileFacts(Normalization Normalization, double CleanAccuracy, IReadOnlyList<string> Remarks)
{
    /// <summary>Whether a program gives probabilities and not logits.</summary>
    public bool GivesProbabilities { get; init; }
}
