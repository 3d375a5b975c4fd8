using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Experiments;

/// <summary>A model that a training defense makes of a victim's training set.</summary>
/// <param name="Victim">Whose training set.</param>
/// <param name="Defense">Who trains.</param>
/// <param name="Label">The defense's label.</param>
/// <param name="Key">Identity of its training.</param>
internal sealed record RobustPlan(Victim Victim, RobustTrainer Defense, string Label, StageKey Key);

/// <summary>What is kept of such a training beside its weights.</summary>
/// <param name="Seconds">Wall time, earlier attempts included.</param>
/// <param name="Taken">Samples taken for poison; null where nothing is said of single ones.</param>
/// <param name="Numbers">The method's own numbers by metric.</param>
/// <param name="Figures">The method's own pictures.</param>
/// <param name="Note">The method's own note.</param>
/// <param name="Curve">Intermediate models that were measured.</param>
internal sealed record RobustRecord(
    double Seconds,
    IReadOnlyList<int>? Taken,
    IReadOnlyDictionary<string, double> Numbers,
    IReadOnlyList<Figure> Figures,
    string Note,
    IReadOnlyList<CurvePoint> Curve
);

/// <summary>
/// Trains the models of training defenses, each in a stage of its own, and keeps them: the cells of all precisions
/// convert the same one.
/// </summary>
internal sealed class RobustModels(StageContext stage, VictimModels models)
{
    private const string DoneFile = "robust.json";
    private const string SecondsFile = "unfinished.json";

    private readonly Dictionary<StageKey, (Outcome, string)> _faults = [];

    /// <summary>
    /// Runs the stage of a model. What goes wrong becomes the outcome of its cells; cancellation passes.
    /// </summary>
    internal void Make(RobustPlan plan)
    {
        var run = stage.Start(plan.Key);
        if (Record(plan.Key) is { } stored)
        {
            stage.Events.FinishStage(cached: true, stored.Seconds);
            return;
        }

        double? seconds = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
        if (stage.Spec.CellTimeLimit > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(stage.Spec.CellTimeLimit));
        }

        try
        {
            seconds = Train(plan, run.With(limit.Token)).Seconds;
        }
        catch (OperationCanceledException) when (!stage.Cancellation.IsCancellationRequested)
        {
            _faults[plan.Key] = (
                Outcome.TimedOut,
                $"Its training took longer than the limit of {stage.Spec.CellTimeLimit} s for a cell."
            );
        }
        catch (NotApplicableException reason)
        {
            _faults[plan.Key] = (Outcome.NotApplicable, reason.Message);
        }
        catch (Exception error)
            when (error is not (OutOfMemoryException or OperationCanceledException) && !FullDisk.Is(error))
        {
            stage.Events.Log("error", error.ToString());
            _faults[plan.Key] = (Outcome.Failed, error.Message);
        }

        stage.Events.FinishStage(cached: false, seconds);
    }

    /// <summary>Why there is no model, and what that makes of its cells; null where there is one.</summary>
    internal (Outcome Outcome, string Reason)? Fault(RobustPlan plan) =>
        _faults.TryGetValue(plan.Key, out var fault) ? fault : null;

    /// <summary>What was kept of a training that did not fail.</summary>
    internal RobustRecord Of(RobustPlan plan) =>
        Record(plan.Key)
        ?? throw new InvalidOperationException($"The training of {plan.Label} left nothing in the store.");

    /// <summary>The trained network, in evaluation mode; the caller owns it.</summary>
    internal Classifier Network(RobustPlan plan)
    {
        var network = stage.Spec.Model.Build(stage.Shape);
        stage.Store.LoadWeights(plan.Key, network);
        return network;
    }

    private RobustRecord? Record(StageKey key) =>
        stage.Store.HasWeights(key) ? stage.Store.ReadJson<RobustRecord>(key, DoneFile) : null;

    private RobustRecord Train(RobustPlan plan, RunContext run)
    {
        var inputs = stage.Inputs;
        if (plan.Victim == Victim.Backdoored && stage.Spec.Attack.ImplantImages(1) > 0)
        {
            throw new NotApplicableException(
                "The attacker changes the trained network; who trains the network does not get that one."
            );
        }

        var earlier = stage.Store.ReadJson<double?>(plan.Key, SecondsFile) ?? 0;
        var curve = new List<CurvePoint>();
        var parts = new StoredParts(
            stage.Store,
            plan.Key,
            () => stage.Store.WriteJson(plan.Key, SecondsFile, earlier + stage.Events.StageSeconds)
        );
        using var made = plan.Defense.Train(
            new RobustTraining
            {
                Needs = plan.Defense.Needs,
                Received = inputs.TrainingSet(plan.Victim),
                Holdout = inputs.Holdout,
                Build = () => stage.NewNetwork(run),
                Plain = () =>
                    new Float32().Convert(models.Network(plan.Victim), new(inputs.Holdout, inputs.Holdout), run),
                Recipe = stage.Spec.Training,
                FlipAllowed = inputs.FlipAllowed,
                Run = run,
                Parts = parts,
                Observe = (phase, at, network) => curve.Add(Point(plan.Victim, phase, at, network, run)),
            }
        );
        var record = new RobustRecord(
            earlier + stage.Events.StageSeconds,
            made.TakenForPoison is { } taken ? [.. Enumerable.Range(0, taken.Length).Where(i => taken[i])] : null,
            made.Report.Numbers.ToDictionary(number => number.Name, number => number.Value),
            made.Report.Figures,
            made.Report.Note,
            curve
        );
        stage.Store.SaveWeights(plan.Key, made.Network);
        stage.Store.WriteJson(plan.Key, DoneFile, record);
        parts.Clear();
        return record;
    }

    // As the epochs of the usual training: the twin's says nothing of an attack, since attacks share it.
    private CurvePoint Point(Victim victim, string phase, double at, Classifier network, RunContext run)
    {
        var training = network.training;
        network.eval();
        var metrics = stage.Inputs.Curve.Measure(victim, network, run);
        network.train(training);
        return new(phase, at, metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.ValueOrNull);
    }

    private sealed class StoredParts(ArtifactStore store, StageKey key, Action kept) : ITrainedParts
    {
        private readonly HashSet<string> _files = [];

        public bool Restore(string part, Classifier network)
        {
            var file = File(part, "done");
            if (!store.Has(key, file))
            {
                return false;
            }

            store.LoadWeights(key, network, file);
            return true;
        }

        public void Keep(string part, Classifier network)
        {
            store.SaveWeights(key, network, File(part, "done"));
            kept();
        }

        public string? Checkpoint(string part) => store.PathOf(key.Value, File(part, "unfinished"));

        // The whole is in the store: its parts are not needed any more.
        public void Clear()
        {
            foreach (var file in _files)
            {
                System.IO.File.Delete(store.PathOf(key.Value, file));
            }
        }

        private string File(string part, string state)
        {
            var name = $"{part.Replace(' ', '-')}.{state}.safetensors";
            _files.Add(name);
            return name;
        }
    }
}
