using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Computes the cells of one precision and one model after another; keeps the converted model and its features while its cells run,
/// so that sixteen detectors share one conversion and one feature pass.
/// </summary>
internal sealed class CellStages(StageContext stage, VictimModels models) : IDisposable
{
    private const string ResultFile = "cell.json";
    private DeployedModel? _deployed;

    /// <summary>The cell's result, from the store or computed. Errors become outcomes; only cancellation passes through.</summary>
    internal CellResult Run(CellPlan cell)
    {
        var run = stage.Start(cell.Key);
        if (stage.Store.ReadJson<CellResult>(cell.Key, ResultFile) is { } stored)
        {
            return Finish(stored with { Id = cell.Id, Cached = true }, cached: true);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
        if (stage.Spec.CellTimeLimit > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(stage.Spec.CellTimeLimit));
            run = run.With(limit.Token);
        }

        var result = Attempt(cell, run);
        if (result.Outcome is Outcome.Value or Outcome.NotApplicable)
        {
            stage.Store.WriteJson(cell.Key, ResultFile, result);
        }

        return Finish(result, cached: false);
    }

    /// <inheritdoc/>
    public void Dispose() => _deployed?.Dispose();

    private CellResult Finish(CellResult result, bool cached)
    {
        var seconds = stage.Events.FinishStage(cached, cached ? result.Seconds : null);
        result = result with { Seconds = seconds };
        stage.Events.Emit(new CellFinished(result));
        return result;
    }

    private CellResult Attempt(CellPlan cell, RunContext run)
    {
        try
        {
            var deployed = Deploy(cell, run);
            var scored = cell.Defense is null ? deployed.Undefended(run) : Defend(cell, deployed, run);
            return new()
            {
                Id = cell.Id,
                Outcome = Outcome.Value,
                Measurements = scored.Measurements,
                Artifacts = Save(cell.Key, scored.Figures),
                Notes = scored.Notes,
                Seconds = stage.Events.StageSeconds,
            };
        }
        catch (OperationCanceledException) when (!stage.Cancellation.IsCancellationRequested)
        {
            return Without(Outcome.TimedOut, $"It took longer than the limit of {stage.Spec.CellTimeLimit} s for a cell.");
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (NotApplicableException reason)
        {
            return Without(Outcome.NotApplicable, reason.Message);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            stage.Events.Log("error", error.ToString());
            return Without(Outcome.Failed, error.Message);
        }

        CellResult Without(Outcome outcome, string why) =>
            new() { Id = cell.Id, Outcome = outcome, Reason = why, Seconds = stage.Events.StageSeconds };
    }

    private DeployedModel Deploy(CellPlan cell, RunContext run)
    {
        if (_deployed?.Matches(cell) != true)
        {
            _deployed?.Dispose();
            _deployed = null;
            _deployed = new DeployedModel(stage, models, cell.Id.Victim, cell.Precision, cell.Id.Precision, run);
        }

        return _deployed;
    }

    private Scored Defend(CellPlan cell, DeployedModel deployed, RunContext run)
    {
        var inputs = stage.Inputs;
        var backdoored = cell.Id.Victim == Victim.Backdoored;
        var defense = cell.Defense!;
        var needsGradients = defense.Needs.HasFlag(Needs.InputGradients);
        if (needsGradients && deployed.Model.Gradients == GradientAccess.None)
        {
            throw new NotApplicableException("The method needs gradients with respect to the input and this precision offers none.");
        }

        IReadOnlyList<Measurement> preflight = needsGradients ? [new(Metric.GradientAgreement.Id, deployed.GradientAgreement(run))] : [];

        var truth = new BackdoorTruth
        {
            IsBackdoored = backdoored,
            Mapping = stage.Spec.Attack.Mapping,
            TargetLabel = stage.Spec.Attack.TargetLabel,
            PoisonMask = backdoored ? inputs.Poisoned.Mask : null,
            Triggered = inputs.Triggered,
            AttackSuccessRate = deployed.Metrics.AttackSuccessRate is { IsDefined: true } rate ? rate.Value : null,
        };
        var curve = new CurveRecorder(inputs.CleanTest, inputs.Triggered, run);
        var context = new DefenseContext(
            defense.Needs,
            deployed.Model,
            inputs.Holdout,
            inputs.TrainingSet(cell.Id.Victim),
            () => deployed.TrainingFeatures(run),
            deployed.Model.Twin.Clone,
            curve.Observe,
            run,
            inputs.FlipAllowed);
        var scored = defense switch
        {
            ModelDetector detector => ModelDetectorScorer.Score(detector.Detect(context), truth),
            SampleDetector detector => SampleDetectorScorer.Score(detector.Score(context), truth, run.Seeds.Child("figures").Random()),
            InputFilter filter => InputFilterScorer.Score(filter.Fit(context), deployed.Model, inputs.CleanTest, truth, run),
            Mitigator mitigator => Repair(mitigator, context, cell.Precision, cell.Id.Victim, deployed, truth, curve),
            _ => throw new NotSupportedException($"The engine has no scorer for {defense.GetType().Name}."),
        };
        var overhead = new Overhead(stage.Events.StageSeconds, models.TrainSeconds(cell.Id.Victim));
        return scored with
        {
            Measurements = [.. scored.Measurements, .. preflight, .. overhead.Measurements()],
            Notes = needsGradients && deployed.Model.Gradients == GradientAccess.StraightThrough
                ? [.. scored.Notes, "Gradients are straight-through: taken on a float twin with this precision's weights."]
                : scored.Notes,
        };
    }

    private Scored Repair(
        Mitigator mitigator, DefenseContext context, Precision precision, Victim victim, DeployedModel deployed, BackdoorTruth truth, CurveRecorder curve)
    {
        using var repaired = mitigator.Repair(context);
        repaired.eval();
        using var converted = precision.Convert(repaired, stage.Inputs.ImagesFor(precision, victim), context.Run);
        var after = Evaluator.Measure(converted, stage.Inputs.CleanTest, stage.Inputs.Triggered, context.Run);
        return MitigatorScorer.Score(deployed.Metrics, after, truth, curve.Points);
    }

    private List<ArtifactReference> Save(StageKey key, IReadOnlyList<Figure> figures)
    {
        var references = new List<ArtifactReference>();
        for (var i = 0; i < figures.Count; i++)
        {
            var file = $"figure-{i + 1}.json";
            stage.Store.WriteJson(key, file, figures[i]);
            references.Add(new(key.Value, file, "figure", figures[i].Title));
        }

        return references;
    }
}
