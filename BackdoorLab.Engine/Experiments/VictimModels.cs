using System.Diagnostics;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Training;
using BackdoorLab.Engine.Weights;
using TorchSharp;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Trains the victim and its benign twin, or reads a model from a file; loads them from the store when they are first needed.</summary>
internal sealed class VictimModels(StageContext stage) : IDisposable
{
    private const string Weights = "weights.safetensors";
    private const string Program = "program.pt";
    private const string BeforeImplant = "before-implant.safetensors";
    private const string Unfinished = "unfinished.safetensors";
    private const string CurveFile = "curve.json";
    private const string DoneFile = "training.json";
    internal const string SoFarFile = "unfinished.json";
    internal const int CurveImages = 1000;

    private readonly Dictionary<Victim, (StageKey Key, double Seconds)> _trained = [];
    private readonly Dictionary<Victim, Classifier> _loaded = [];
    private readonly List<(Victim Victim, string Text)> _observed = [];
    private SuspectLoaded? _suspect;
    private ProgramClient? _program;

    // Every epoch of both models is measured on the same images: of all test images, since the size of the holdout is not in a training's key.
    private readonly Lazy<ImageSet> _curveClean = new(() => stage.Inputs.Test.Select(Spread(Enumerable.Range(0, stage.Inputs.Test.Count))));
    private readonly Lazy<TriggeredSet> _curveTriggered = new(() => CurveTriggered(stage));

    /// <summary>Training throughput seen in this run; null when nothing was trained.</summary>
    internal double? MeasuredTrainImagesPerSecond { get; private set; }

    /// <summary>What a model from a file, or the training of models by clients, has to say to whoever reads the numbers.</summary>
    internal IReadOnlyList<string> Remarks =>
    [
        .. _suspect?.Remarks ?? [],
        .. _observed.GroupBy(remark => remark.Text).Select(group => group.Count() < _trained.Count ? $"{group.Key} ({ExperimentPlan.Words(group.First().Victim)})" : group.Key),
    ];

    internal bool IsTrained(Victim victim) => _trained.ContainsKey(victim);

    /// <summary>Wall time of a model's training, also when it came from the store.</summary>
    internal double TrainSeconds(Victim victim) => _trained[victim].Seconds;

    /// <summary>Trains unless the store has the model. Returns null, or why there is no model.</summary>
    internal string? Train(VictimPlan plan)
    {
        var run = stage.Start(plan.Key);
        if (plan.Victim == Victim.Suspect)
        {
            Load(plan, run);
            return null;
        }

        if (stage.Store.ReadJson<TrainingDone>(plan.Key, DoneFile) is { } done && stage.Store.Has(plan.Key, Weights))
        {
            if (stage.Spec.Federation is null)
            {
                Curve(plan.Key).ForEach(stage.Events.Emit);
            }
            else
            {
                Federated(plan, federated =>
                {
                    federated.Tell(plan);
                    return 0;
                });
            }

            _trained[plan.Victim] = (plan.Key, done.Seconds);
            stage.Events.FinishStage(cached: true, done.Seconds);
            return null;
        }

        var model = stage.Spec.Model.Build(stage.Shape);
        try
        {
            var seconds = Fit(plan, model, run);
            stage.Store.WriteJson(plan.Key, DoneFile, new TrainingDone(seconds));
            _loaded[plan.Victim] = model;
            _trained[plan.Victim] = (plan.Key, seconds);
            stage.Events.FinishStage(cached: false);
            return null;
        }
        catch (TrainingDivergedException diverged)
        {
            model.Dispose();
            stage.Events.Log("error", diverged.Message);
            return diverged.Message;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The float network of a trained victim, in evaluation mode; owned by this object.</summary>
    internal Classifier Model(Victim victim)
    {
        if (!_loaded.TryGetValue(victim, out var model))
        {
            _loaded[victim] = model = stage.Spec.Model is FileProgram ? Running(_trained[victim].Key) : Stored(victim);
        }

        return model;
    }

    private Classifier Stored(Victim victim)
    {
        var model = stage.Spec.Model.Build(ShapeOf(victim));
        LoadWeights(_trained[victim].Key, Weights, model);
        return model;
    }

    private ProgramNetwork Running(StageKey key) => new(Start(stage.Store.PathOf(key.Value, Program)), ShapeOf(Victim.Suspect), _suspect!.GivesProbabilities);

    private ProgramClient Start(string path) => _program ??= stage.Programs?.Start(path)
        ?? throw new WeightFileException("The model is the program of a TorchScript file, and programs are not run here.");

    // Once loaded the model is in the store, so a later run of it does not need the file.
    private void Load(VictimPlan plan, RunContext run)
    {
        var kept = stage.Spec.Model is FileProgram ? Program : Weights;
        _suspect = stage.Store.Has(plan.Key, kept) ? stage.Store.ReadJson<SuspectLoaded>(plan.Key, SuspectStage.ResultFile) : null;
        var cached = _suspect is not null;
        if (!cached)
        {
            var loading = new SuspectStage(stage);
            var file = loading.File();
            (_loaded[plan.Victim], _suspect) = kept == Program ? loading.Load(Start(file), run) : loading.Load(file, run);
            if (kept == Program)
            {
                using var content = RegularFile.OpenRead(file);
                WholeFile.Write(stage.Store.PathOf(plan.Key.Value, Program), content.CopyTo);
            }
            else
            {
                SaveWeights(plan.Key, Weights, _loaded[plan.Victim]);
            }

            stage.Store.WriteJson(plan.Key, SuspectStage.ResultFile, _suspect);
        }

        _trained[plan.Victim] = (plan.Key, 0);
        stage.Events.FinishStage(cached);
    }

    private ClassifierShape ShapeOf(Victim victim) =>
        victim == Victim.Suspect && _suspect is { } loaded
            ? stage.Shape with { Normalization = loaded.Normalization }
            : stage.Shape;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in _loaded.Values)
        {
            model.Dispose();
        }

        _program?.Dispose();
    }

    /// <summary>The usual training, and for the backdoored model what its attack adds. Returns its seconds, earlier attempts included.</summary>
    private double Fit(VictimPlan plan, Classifier model, RunContext run)
    {
        var usual = (double)stage.Inputs.CleanTrain.Count * stage.Spec.Training.Epochs;
        var added = plan.Victim == Victim.Backdoored ? stage.Spec.Attack.ImplantImages(stage.Inputs.CleanTrain.Count) : 0;
        var seconds = stage.Spec.Federation is { } federation ? Federated(plan, federated => federated.Run(plan, federation, model, run))
            : added == 0 ? TrainUsually(plan, model, run)
            : TrainAndImplant(plan, model, run, usual / (usual + added));
        SaveWeights(plan.Key, Weights, model);
        return seconds;
    }

    private double Federated(VictimPlan plan, Func<FederatedStage, double> work)
    {
        var federated = new FederatedStage(stage, Measure);
        var seconds = work(federated);
        _observed.AddRange(federated.Remarks.Select(text => (plan.Victim, text)));
        return seconds;
    }

    private double TrainAndImplant(VictimPlan plan, Classifier model, RunContext run, double share)
    {
        double earlier;
        if (stage.Store.Has(plan.Key, BeforeImplant))
        {
            LoadWeights(plan.Key, BeforeImplant, model);
            Curve(plan.Key).ForEach(stage.Events.Emit);
            earlier = stage.Store.ReadJson<TrainingDone>(plan.Key, SoFarFile)?.Seconds ?? 0;
        }
        else
        {
            earlier = TrainUsually(plan, model, run.Part(0, share));
            SaveWeights(plan.Key, BeforeImplant, model);
        }

        var watch = Stopwatch.StartNew();
        stage.Spec.Attack.Implant(new ImplantContext
        {
            Network = model,
            CleanTrain = stage.Inputs.CleanTrain,
            Trigger = stage.Inputs.Trigger,
            Training = stage.Spec.Training,
            FlipAllowed = stage.Inputs.FlipAllowed,
            Run = run.Child("implant").Part(share, 1),
        });
        var seconds = watch.Elapsed.TotalSeconds;
        var metrics = Measure(plan.Victim, model, run);
        run.Log($"Changed by the attack after training: {EpochFinished.Words(metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.ValueOrNull)} in float32.");
        return earlier + seconds;
    }

    private double TrainUsually(VictimPlan plan, Classifier model, RunContext run)
    {
        var poisoned = plan.Victim == Victim.Backdoored;
        var inputs = stage.Inputs;
        var data = poisoned ? inputs.Poisoned.Images : inputs.CleanTrain;
        var unfinished = stage.Store.PathOf(plan.Key.Value, Unfinished);
        // After a resume the epochs of the earlier attempt are told again, so that a listener always hears the whole curve.
        var resumed = File.Exists(unfinished);
        var points = resumed ? Curve(plan.Key) : [];
        points.ForEach(stage.Events.Emit);
        var earlier = resumed ? stage.Store.ReadJson<TrainingDone>(plan.Key, SoFarFile)?.Seconds ?? 0 : 0;
        var watch = Stopwatch.StartNew();
        var evaluating = new Stopwatch();
        Trainer.Train(model, data, stage.Spec.Training, run, new TrainingHooks
        {
            CheckpointFile = unfinished,
            Stamp = poisoned && stage.Spec.Attack.StampAfterAugmentation
                ? new LateStamps(data.Count, inputs.Poisoned.Changes).Stamp
                : null,
            EpochFinished = report =>
            {
                evaluating.Start();
                points.RemoveAll(point => point.Epoch >= report.Epoch);
                points.Add(Point(plan.Victim, report, run));
                stage.Store.WriteJson(plan.Key, CurveFile, points);
                stage.Store.WriteJson(plan.Key, SoFarFile, new TrainingDone(earlier + watch.Elapsed.TotalSeconds));
                stage.Events.Emit(points[^1]);
                evaluating.Stop();
            },
        }, inputs.FlipAllowed);
        var seconds = watch.Elapsed.TotalSeconds;
        if (!resumed)
        {
            MeasuredTrainImagesPerSecond = (double)data.Count * stage.Spec.Training.Epochs / (seconds - evaluating.Elapsed.TotalSeconds);
        }

        return earlier + seconds;
    }

    private void SaveWeights(StageKey key, string file, Classifier model) =>
        Checkpoint.Save(stage.Store.PathOf(key.Value, file), model.state_dict(), new Dictionary<string, string>());

    private void LoadWeights(StageKey key, string file, Classifier model)
    {
        Checkpoint.Load(stage.Store.PathOf(key.Value, file), model.state_dict());
        model.eval();
    }

    // The twin is shared by all attacks, so what its training tells may depend on none: attack success on it is a matter of its cells.
    private BackdoorMetrics Measure(Victim victim, Classifier model, RunContext run) =>
        Evaluator.Measure(model, _curveClean.Value, victim == Victim.Backdoored ? _curveTriggered.Value : null, run);

    private static TriggeredSet CurveTriggered(StageContext stage)
    {
        var (test, attack) = (stage.Inputs.Test, stage.Spec.Attack);
        var eligible = Enumerable.Range(0, test.Count).Where(i => attack.Map(test.Labels[i], test.Classes) != test.Labels[i]);
        return Poisoner.Trigger(test.Select(Spread(eligible)), attack, stage.Inputs.Trigger);
    }

    private EpochFinished Point(Victim victim, EpochReport report, RunContext run)
    {
        var metrics = Measure(victim, report.Model, run);
        return new(victim, report.Epoch, report.Epochs, report.Loss, metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.ValueOrNull);
    }

    private List<EpochFinished> Curve(StageKey key) => stage.Store.ReadJson<List<EpochFinished>>(key, CurveFile) ?? [];

    // At most CurveImages of them, evenly spread, the same in every epoch.
    private static int[] Spread(IEnumerable<int> indices)
    {
        int[] all = [.. indices];
        var count = Math.Min(CurveImages, all.Length);
        return [.. Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)])];
    }
}

/// <summary>What a training took, or an unfinished one so far.</summary>
/// <param name="Seconds">Wall time, earlier attempts included.</param>
internal sealed record TrainingDone(double Seconds);
