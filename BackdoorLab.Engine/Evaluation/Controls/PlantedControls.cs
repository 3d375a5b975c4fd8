using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Statistics;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Can a method fire, and can it stay quiet, on the model at hand at its precision? In the positive control a small
/// patch dictates a label of that very model (see <see cref="PlantedModel"/>); in the negative one nothing is to be
/// found: no sample and no input is stamped, and a model detector meets a model in which as many labels have an easy
/// patch as have a hard one, so that none is an outlier. A method that fails has no verdict there, whatever it says
/// about the victim. The planted part is float at every precision; a mitigator gives no verdict, so there is nothing to
/// control.
/// </summary>
public static class PlantedControls
{
    /// <summary>AUROC with which planted samples must stand out.</summary>
    public const double LeastAuroc = 0.8;

    /// <summary>Share of stamped inputs that a filter must reject.</summary>
    public const double LeastRejected = 0.9;

    /// <summary>How far from one half the AUROC of samples chosen at random may lie.</summary>
    public const double MostChance = 0.15;

    private const int Planted = 0;

    // How much of its patch an image must show before the label wins: an easy one among hard ones; or as many easy ones
    // as hard ones, where the distance from the middle is the spread itself and an index stays at 0.67.
    private const double Easy = 0.15;
    private const double Hard = 0.75;
    private const double PlantedShare = 0.2;
    private const double FeatureShifts = 5;

    /// <summary>Whether controls say anything about <paramref name="defense"/>.</summary>
    public static bool Cover(Defense defense) =>
        defense is (ModelDetector or SampleDetector or InputFilter) and { IsControlled: true };

    /// <summary>Rough cost of both controls.</summary>
    public static DefenseWork Work(Defense defense, WorkSizes sizes)
    {
        if (!Cover(defense))
        {
            return new DefenseWork(0, 0);
        }

        var labels = Math.Min(ControlSets.MostLabels, sizes.Classes);
        var work = Brief(defense)
            .Work(
                new WorkSizes(
                    labels,
                    Math.Min(labels * ControlSets.TrainingPerLabel, sizes.TrainCount),
                    Math.Min(labels * ControlSets.HoldoutPerLabel, sizes.HoldoutCount),
                    Math.Min(labels * ControlSets.InputsPerLabel, sizes.TestCount)
                )
            );
        return defense is InputFilter ? work : new DefenseWork(2 * work.ForwardImages, 2 * work.GradientImages);
    }

    /// <summary>Runs both controls.</summary>
    /// <param name="defense">One that controls <see cref="Cover"/>.</param>
    /// <param name="model">The model at its precision.</param>
    /// <param name="sets">Clean images.</param>
    /// <param name="run">Cancellation and random streams.</param>
    /// <exception cref="NotApplicableException">The method cannot run on them.</exception>
    public static ControlFigures Measure(Defense defense, DeployedClassifier model, ControlSets sets, RunContext run)
    {
        using var frozen = new FrozenNetwork(model.FloatModel);
        var silent = new RunContext(run.Seeds, run.Cancellation);
        return Brief(defense) switch
        {
            ModelDetector detector => OfModels(detector, model, sets, silent),
            SampleDetector detector => OfSamples(detector, model, sets, silent),
            InputFilter filter => OfInputs(filter, model, sets, silent),
            _ => throw new NotSupportedException($"There is no control for {defense.GetType().Name}."),
        };
    }

    private static Defense Brief(Defense defense) => defense is ModelDetector detector ? detector.Brief() : defense;

    private static ControlFigures OfModels(
        ModelDetector detector,
        DeployedClassifier model,
        ControlSets sets,
        RunContext run
    )
    {
        var count = sets.Labels.Length;
        var gaps = Gaps(model, sets, run);
        var planted = Verdict("control-positive", label => label == Planted ? Easy : Hard);
        var spread = Verdict(
            "control-negative",
            label =>
                (2 * label).CompareTo(count - 1) switch
                {
                    < 0 => Easy,
                    0 => (Easy + Hard) / 2,
                    _ => Hard,
                }
        );
        int? named = planted.SuspectedLabels.Count > 0 ? planted.SuspectedLabels[0] : null;
        var fault =
            named != Planted
                ? FormattableString.Invariant(
                    $"a planted backdoor scores {planted.Score:0.00} (flagged above {planted.Threshold:0.##}) and {(named is null ? "is not flagged" : "another label is named")}"
                )
            : spread.Flagged
                ? FormattableString.Invariant(
                    $"a model without any outlier scores {spread.Score:0.00} and is flagged (above {spread.Threshold:0.##})"
                )
            : "";
        return new ControlFigures(planted.Score, spread.Score, fault);

        ModelVerdict Verdict(string name, Func<int, double> level)
        {
            using var patches = new PlantedPatches(
                model.FloatModel.Shape,
                [.. gaps.Select((gap, label) => (float)(gap / level(label)))]
            );
            using var suspect = new PlantedModel(model, patches, sets.Labels);
            return detector.Detect(Context(detector, model, suspect, sets.Holdout, sets.Training, run.Child(name)));
        }
    }

    private static ControlFigures OfSamples(
        SampleDetector detector,
        DeployedClassifier model,
        ControlSets sets,
        RunContext run
    )
    {
        using var patches = Patches(model, sets, run);
        var norm = Math.Sqrt(
            Inference.Features(model, sets.Training, run).Average(value => (double)value * value)
                * model.FloatModel.FeatureCount
        );
        using var suspect = new PlantedModel(model, patches, sets.Labels, Planted, FeatureShifts * norm);
        var (poisoned, mask) = Poison(sets.Training, patches, run.Seeds.Child("planted").Random());
        var found = Auroc(poisoned, mask, "control-positive");
        var half = new bool[sets.Training.Count];
        foreach (var index in Sampling.Choose(half.Length, half.Length / 2, run.Seeds.Child("chosen").Random()))
        {
            half[index] = true;
        }

        var chance = Auroc(sets.Training, half, "control-negative");
        var fault =
            found < LeastAuroc
                ? FormattableString.Invariant(
                    $"planted samples stand out with an AUROC of {found:0.00} (at least {LeastAuroc} is asked for)"
                )
            : Math.Abs(chance - 0.5) > MostChance
                ? FormattableString.Invariant(
                    $"samples chosen at random stand out with an AUROC of {chance:0.00} (within {MostChance} of one half is asked for)"
                )
            : "";
        return new ControlFigures(found, chance, fault);

        double Auroc(ImageSet training, bool[] chosen, string name)
        {
            var scores = detector
                .Score(Context(detector, model, suspect, sets.Holdout, training, run.Child(name)))
                .Scores;
            SampleDetectorScorer.RequireScores(scores, training.Count);
            var (others, these) = RocCurve.Split(scores, chosen);
            return RocCurve.Auroc(others, these);
        }
    }

    private static ControlFigures OfInputs(
        InputFilter filter,
        DeployedClassifier model,
        ControlSets sets,
        RunContext run
    )
    {
        using var patches = Patches(model, sets, run);
        using var suspect = new PlantedModel(model, patches, sets.Labels);
        var fitted = filter.Fit(Context(filter, model, suspect, sets.Holdout, sets.Training, run.Child("fit")));
        var stamped = Rejected(patches.Stamp(sets.Inputs, Planted), "control-positive");
        var clean = Rejected(sets.Inputs, "control-negative");
        var most = MostRejected(fitted.FalseRejectionRate, sets.Inputs.Count);
        var fault =
            stamped < LeastRejected
                ? FormattableString.Invariant(
                    $"of inputs with a planted trigger {stamped:P0} are rejected (at least {LeastRejected:P0} is asked for)"
                )
            : clean > most
                ? FormattableString.Invariant($"of clean inputs {clean:P0} are rejected (at most {most:P0} is allowed)")
            : "";
        return new ControlFigures(stamped, clean, fault);

        double Rejected(ImageSet inputs, string name)
        {
            var scores = fitted.Score(inputs, run.Child(name));
            SampleDetectorScorer.RequireScores(scores, inputs.Count);
            return (double)scores.Count(score => score > fitted.Threshold) / inputs.Count;
        }
    }

    /// <summary>
    /// Three standard errors above the declared rate, twice the variance because the threshold too is read from a small
    /// sample, and no error smaller than that of a rate of 5 %.
    /// </summary>
    internal static double MostRejected(double declared, int inputs)
    {
        var rate = Math.Max(declared, 0.05);
        return declared + 3 * Math.Sqrt(2 * rate * (1 - rate) / inputs);
    }

    /// <summary>
    /// The set in which some images of other labels carry the patch and the label it stands for, and which they are.
    /// </summary>
    internal static (ImageSet Images, bool[] Mask) Poison(ImageSet training, PlantedPatches patches, Random random)
    {
        int[] others = [.. Enumerable.Range(0, training.Count).Where(i => training.Labels[i] != Planted)];
        var count = (int)Math.Round((training.Count - others.Length) * PlantedShare / (1 - PlantedShare));
        int[] chosen =
        [
            .. Sampling.Choose(others.Length, Math.Clamp(count, 1, others.Length), random).Select(i => others[i]),
        ];
        var stamped = patches.Stamp(training.Select(chosen), Planted);
        var poisoned = training.WithCopiedPixels();
        var mask = new bool[training.Count];
        for (var i = 0; i < chosen.Length; i++)
        {
            stamped.Image(i).CopyTo(poisoned.Pixels.AsSpan(chosen[i] * training.ImageBytes));
            (poisoned.Labels[chosen[i]], mask[chosen[i]]) = (Planted, true);
        }

        return (poisoned, mask);
    }

    // One label's patch alone.
    private static PlantedPatches Patches(DeployedClassifier model, ControlSets sets, RunContext run) =>
        new(
            model.FloatModel.Shape,
            [.. Gaps(model, sets, run).Select((gap, label) => label == Planted ? (float)(gap / Easy) : 0f)]
        );

    /// <summary>
    /// For each label how far its logit is below the winner's on nearly all clean images: what a push must overcome, by
    /// the deployed arithmetic and on its float model, which may be the more certain of the two.
    /// </summary>
    private static double[] Gaps(DeployedClassifier model, ControlSets sets, RunContext run) =>
        [.. Gaps(model.Logits, sets, run).Zip(Gaps(model.FloatModel.call, sets, run), Math.Max)];

    private static double[] Gaps(Func<Tensor, Tensor> logits, ControlSets sets, RunContext run)
    {
        const double nearlyAll = 0.99;
        const double least = 1e-3;
        var count = sets.Labels.Length;
        var rows = Inference.Rows(
            batch => PlantedModel.Chosen(logits(PlantedModel.Coarse(batch)), sets.Labels),
            sets.Holdout,
            run
        );
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(label =>
                    Math.Max(
                        least,
                        Quantiles.At([.. rows.Chunk(count).Select(row => (double)row.Max() - row[label])], nearlyAll)
                    )
                ),
        ];
    }

    private static DefenseContext Context(
        Defense defense,
        DeployedClassifier model,
        PlantedModel suspect,
        ImageSet holdout,
        ImageSet training,
        RunContext run
    ) =>
        new(
            defense.Needs,
            suspect,
            holdout,
            training,
            () => Inference.Features(suspect, training, run),
            model.FloatModel.Clone,
            (_, _, _) => { },
            run,
            flipAllowed: false
        );
}
