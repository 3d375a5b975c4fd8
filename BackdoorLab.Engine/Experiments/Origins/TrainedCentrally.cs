using System.Diagnostics;
using System.Globalization;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// The usual training, with all images in one place; an attack may change the trained network afterwards.
/// </summary>
/// <param name="spec">The experiment.</param>
internal sealed class TrainedCentrally(ExperimentSpec spec) : Trained(spec)
{
    /// <summary>Fewer epochs than this are said beside the numbers.</summary>
    internal const int ShortSchedule = 30;

    private const string Unfinished = "unfinished.safetensors";
    private const string BeforeImplant = "before-implant.safetensors";

    /// <inheritdoc/>
    internal override bool IsShort => Spec.Start is null && Spec.Training.Epochs < ShortSchedule;

    /// <inheritdoc/>
    internal override double Seconds(Victim victim, int trainImages, Throughput pace) =>
        ((double)trainImages * Spec.Training.Epochs + ImplantImages(victim, trainImages)) / pace.TrainImagesPerSecond;

    /// <inheritdoc/>
    internal override IEnumerable<SpecFault> Faults()
    {
        foreach (var fault in base.Faults())
        {
            yield return fault;
        }

        if (Spec.Attack.PoisonRate > Attack.MostOfATrainingSet)
        {
            yield return new(
                "attack.poisonRate",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"must be from 0 to {Attack.MostOfATrainingSet} where the training set is in one place (an attacking "
                        + $"client of a federation may poison up to all of its images); found {Spec.Attack.PoisonRate}."
                )
            );
        }

        int? candidates = Spec.Dataset.TrainClassCounts is { } counts
            ? counts.Where((_, label) => Spec.Attack.IsCandidate(label)).Sum()
            : null;
        if (Spec.Dataset.MostTrainImages is { } most && PoisonFault(most, candidates) is { } poison)
        {
            yield return poison;
        }
    }

    /// <inheritdoc/>
    internal override SpecFault? PoisonFault(int trainImages, int? candidates = null) =>
        AchievedPoison.Fault(Spec.Attack, trainImages, candidates);

    // Named so since federations came: a key without one says that there is none.
    /// <inheritdoc/>
    protected override (string Kind, string Name, object? Value) Way(Victim victim) => ("train", "federation", null);

    /// <inheritdoc/>
    protected override FinishedTraining Train(VictimPlan plan, Classifier model, StageContext stage, RunContext run)
    {
        var images = stage.Inputs.CleanTrain.Count;
        var usual = (double)images * Spec.Training.Epochs;
        var added = ImplantImages(plan.Victim, images);
        return added == 0
            ? TrainUsually(plan, model, stage, run)
            : TrainAndImplant(plan, model, stage, run, usual / (usual + added));
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Retell(VictimPlan plan, StageContext stage)
    {
        new TrainingCurve(plan, stage).Retell();
        return [];
    }

    private double ImplantImages(Victim victim, int trainImages) =>
        victim == Victim.Backdoored ? Spec.Attack.ImplantImages(trainImages) : 0;

    private FinishedTraining TrainAndImplant(
        VictimPlan plan,
        Classifier model,
        StageContext stage,
        RunContext run,
        double share
    )
    {
        FinishedTraining usual;
        if (stage.Store.Has(plan.Key, BeforeImplant))
        {
            stage.Store.LoadWeights(plan.Key, model, BeforeImplant);
            new TrainingCurve(plan, stage).Retell();
            usual = new(Earlier(plan, stage), []);
        }
        else
        {
            usual = TrainUsually(plan, model, stage, run.Part(0, share));
            stage.Store.SaveWeights(plan.Key, model, BeforeImplant);
        }

        var watch = Stopwatch.StartNew();
        Spec.Attack.Implant(
            new ImplantContext
            {
                Network = model,
                CleanTrain = stage.Inputs.CleanTrain,
                Trigger = stage.Inputs.Trigger,
                Training = Spec.Training,
                FlipAllowed = stage.Inputs.FlipAllowed,
                Run = run.Child("implant").Part(share, 1),
            }
        );
        var seconds = watch.Elapsed.TotalSeconds;
        var metrics = stage.Inputs.Curve.Measure(plan.Victim, model, run);
        var words = EpochFinished.Words(metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.ValueOrNull);
        run.Log($"Changed by the attack after training: {words} in float32.");
        return usual with { Seconds = usual.Seconds + seconds };
    }

    private FinishedTraining TrainUsually(VictimPlan plan, Classifier model, StageContext stage, RunContext run)
    {
        var poisoned = plan.Victim == Victim.Backdoored;
        var inputs = stage.Inputs;
        var data = poisoned ? inputs.Poisoned.Images : inputs.CleanTrain;
        var unfinished = stage.Store.PathOf(plan.Key.Value, Unfinished);
        var curve = new TrainingCurve(plan, stage);
        // After a resume the epochs of the earlier attempt are told again, so that a listener always hears the whole
        // curve.
        var resumed = File.Exists(unfinished);
        if (resumed)
        {
            curve.Retell();
        }

        var earlier = resumed ? Earlier(plan, stage) : 0;
        var watch = Stopwatch.StartNew();
        var evaluating = new Stopwatch();
        Trainer.Train(
            model,
            data,
            Spec.Training,
            run,
            new TrainingHooks
            {
                CheckpointFile = unfinished,
                Stamp =
                    poisoned && Spec.Attack.StampAfterAugmentation
                        ? new LateStamps(data.Count, inputs.Poisoned.Changes).Stamp
                        : null,
                EpochFinished = report =>
                {
                    evaluating.Start();
                    curve.Add(report, run);
                    KeepSeconds(plan, stage, earlier + watch.Elapsed.TotalSeconds);
                    evaluating.Stop();
                },
            },
            inputs.FlipAllowed
        );
        var seconds = watch.Elapsed.TotalSeconds;
        var training = seconds - evaluating.Elapsed.TotalSeconds;
        return new(earlier + seconds, [], resumed ? null : (double)data.Count * Spec.Training.Epochs / training);
    }
}
