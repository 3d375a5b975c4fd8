using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// Models that a run trains: a victim on poisoned data and its benign twin. What kinds of training share: which models
/// there are, the form of their keys, where weights and times are kept, and that a training which the store holds is
/// told as if it had just been done.
/// </summary>
/// <param name="spec">The experiment.</param>
internal abstract class Trained(ExperimentSpec spec) : ModelOrigin(spec)
{
    private const string DoneFile = "training.json";
    private const string SoFarFile = "unfinished.json";

    /// <inheritdoc/>
    internal sealed override string Kind => "train";

    /// <summary>
    /// The victim unless nothing is poisoned; its twin where it is asked for, and as the only model where nothing is
    /// poisoned.
    /// </summary>
    internal sealed override IReadOnlyList<Victim> Victims =>
        (Spec.Attack.PoisonRate > 0, Spec.BenignTwin) switch
        {
            (true, true) => [Victim.Backdoored, Victim.Benign],
            (true, false) => [Victim.Backdoored],
            _ => [Victim.Benign],
        };

    /// <inheritdoc/>
    internal override string Remark =>
        "n = 1: one training of each model; detection rates are 0 or 1 per model, not a rate over models.";

    /// <summary>Who trains, in a title; empty for the usual training.</summary>
    protected virtual string By => "";

    // The twin's does not contain the attack, so attacks share it; neither may anything that it stores.
    /// <inheritdoc/>
    internal sealed override StageKey Key(Victim victim, StageKey data, Machine machine)
    {
        var (kind, name, value) = Way(victim);
        return StageKey
            .Of(
                kind,
                data,
                [
                    ("model", Spec.Model),
                    ("attack", victim == Victim.Backdoored ? Spec.Attack : null),
                    ("training", Spec.Training),
                    (name, value),
                    .. Spec.Start?.Parts ?? [],
                ]
            )
            .On(machine.Parts);
    }

    /// <inheritdoc/>
    internal sealed override string Title(Victim victim) =>
        $"Train {MethodCatalog.Default.For(Spec.Model).Name}{By}, {ExperimentPlan.Words(victim)}";

    /// <inheritdoc/>
    internal override IEnumerable<SpecFault> Faults()
    {
        if (Spec.Attack is UnknownAttack)
        {
            yield return new(
                "attack.id",
                "'unknown' stands for a model from a file and needs 'suspect'; choose an attack."
            );
        }

        foreach (var conflict in Spec.Attack.Conflicts)
        {
            yield return conflict with
            {
                Path = $"attack.{conflict.Path}",
            };
        }

        foreach (var fault in Spec.Start?.Faults() ?? [])
        {
            yield return fault with
            {
                Path = $"start.{fault.Path}",
            };
        }

        if (Spec.Start is not null && Spec.Training.WhiteningImages > 0)
        {
            yield return new(
                "training.whiteningImages",
                "must be 0 where training starts from a file: whitening writes over its first layer."
            );
        }

        if (Spec.Model is FileProgram)
        {
            yield return new(
                "model.id",
                "'file-program' stands for the program of a TorchScript file and needs 'suspect'; choose a network."
            );
        }
    }

    /// <inheritdoc/>
    internal sealed override MadeModel Make(VictimPlan plan, StageContext stage, RunContext run)
    {
        if (stage.Store.ReadJson<TrainingTime>(plan.Key, DoneFile) is { } done && stage.Store.HasWeights(plan.Key))
        {
            return new(() => Stored(plan, stage)) { Seconds = done.Seconds, Remarks = Retell(plan, stage) };
        }

        var model = stage.NewNetwork(run);
        try
        {
            var training = Train(plan, model, stage, run);
            stage.Store.SaveWeights(plan.Key, model);
            stage.Store.WriteJson(plan.Key, DoneFile, new TrainingTime(training.Seconds));
            return new(model)
            {
                Seconds = training.Seconds,
                Remarks = training.Remarks,
                ImagesPerSecond = training.ImagesPerSecond,
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What of a training is special in its key: the kind of its stage, and what decides its result beside the usual.
    /// </summary>
    protected abstract (string Kind, string Name, object? Value) Way(Victim victim);

    /// <summary>
    /// Trains, or goes on with an interrupted training; leaves the network in evaluation mode. Tells its epochs.
    /// </summary>
    protected abstract FinishedTraining Train(VictimPlan plan, Classifier model, StageContext stage, RunContext run);

    /// <summary>Tells the epochs of a training that the store holds. Returns its remarks.</summary>
    protected abstract IReadOnlyList<string> Retell(VictimPlan plan, StageContext stage);

    /// <summary>Seconds of the attempts before this one.</summary>
    protected static double Earlier(VictimPlan plan, StageContext stage) =>
        stage.Store.ReadJson<TrainingTime>(plan.Key, SoFarFile)?.Seconds ?? 0;

    /// <summary>Keeps the seconds of all attempts so far, so that an interrupted training goes on counting.</summary>
    protected static void KeepSeconds(VictimPlan plan, StageContext stage, double seconds) =>
        stage.Store.WriteJson(plan.Key, SoFarFile, new TrainingTime(seconds));

    private Classifier Stored(VictimPlan plan, StageContext stage)
    {
        var model = Spec.Model.Build(stage.Shape);
        stage.Store.LoadWeights(plan.Key, model);
        return model;
    }

    private sealed record TrainingTime(double Seconds);
}

/// <summary>What a training came to beside its weights.</summary>
/// <param name="Seconds">Wall time, earlier attempts included.</param>
/// <param name="Remarks">What it showed that stands beside the model's numbers.</param>
/// <param name="ImagesPerSecond">Throughput; null where the training was resumed or is no usual one.</param>
internal sealed record FinishedTraining(double Seconds, IReadOnlyList<string> Remarks, double? ImagesPerSecond = null);
