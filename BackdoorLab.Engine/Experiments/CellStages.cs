using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Computes the cells of one precision and one model after another; keeps the converted model and its features while
/// its cells run, so that sixteen detectors share one conversion and one feature pass.
/// </summary>
internal sealed class CellStages(StageContext stage, VictimModels models, RobustModels trained) : IDisposable
{
    private const string ResultFile = "cell.json";
    private readonly CellControls _controls = new(stage);
    private DeployedModel? _deployed;

    /// <summary>
    /// The cell's result, from the store or computed. Errors become outcomes; only cancellation passes through.
    /// </summary>
    internal CellResult Run(CellPlan cell)
    {
        var run = stage.Start(cell.Key);
        var stored = stage.Store.ReadJson<CellResult>(cell.Key, ResultFile);
        var control = _controls.Stored(cell);
        var known =
            stored
            ?? (control is { Fault.Length: > 0 } ? new() { Id = cell.Id, Outcome = Outcome.NotApplicable } : null);
        if (known is not null && (known.Outcome != Outcome.Value || control is not null || !_controls.Wanted(cell)))
        {
            return Finish(CellControls.Combine(known with { Id = cell.Id, Cached = true }, control), cached: true);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
        if (stage.Spec.CellTimeLimit > 0)
        {
            limit.CancelAfter(TimeSpan.FromSeconds(stage.Spec.CellTimeLimit));
            run = run.With(limit.Token);
        }

        return Finish(Attempt(cell, run, stored, control), cached: false);
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

    private CellResult Attempt(CellPlan cell, RunContext run, CellResult? stored, ControlFigures? control)
    {
        if (cell.Trained is { } own && trained.Fault(own) is { } fault)
        {
            return Without(fault.Outcome, fault.Reason);
        }

        try
        {
            var deployed = Deploy(cell, run);
            var gradients = cell.Defense is null ? [] : Gradients(cell.Defense, deployed, run);
            var beforeControls = stage.Events.StageSeconds;
            if (_controls.Wanted(cell))
            {
                control ??= _controls.Measure(cell, deployed, run);
                if (control.Fault.Length > 0)
                {
                    return CellControls.Combine(Without(Outcome.NotApplicable, ""), control);
                }
            }

            if (stored is not null)
            {
                return CellControls.Combine(stored with { Id = cell.Id }, control);
            }

            var controlSeconds = stage.Events.StageSeconds - beforeControls;
            var scored = cell.Defense is null
                ? deployed.Undefended(run)
                : Defend(cell, deployed, gradients, controlSeconds, run);
            CellResult result = new()
            {
                Id = cell.Id,
                Outcome = Outcome.Value,
                Verdict = scored.Verdict,
                Measurements = scored.Measurements,
                Artifacts = Save(cell.Key, scored.Figures),
                Notes = scored.Notes,
                Seconds = stage.Events.StageSeconds - controlSeconds,
            };
            stage.Store.WriteJson(cell.Key, ResultFile, result);
            return CellControls.Combine(result, control);
        }
        catch (OperationCanceledException) when (!stage.Cancellation.IsCancellationRequested)
        {
            return Without(
                Outcome.TimedOut,
                $"It took longer than the limit of {stage.Spec.CellTimeLimit} s for a cell."
            );
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (NotApplicableException reason)
        {
            var result = Without(Outcome.NotApplicable, reason.Message);
            stage.Store.WriteJson(cell.Key, ResultFile, result);
            return result;
        }
        catch (Exception error) when (error is not OutOfMemoryException && !FullDisk.Is(error))
        {
            stage.Events.Log("error", error.ToString());
            return Without(Outcome.Failed, error.Message);
        }

        CellResult Without(Outcome outcome, string why) =>
            new()
            {
                Id = cell.Id,
                Outcome = outcome,
                Reason = why,
                Seconds = stage.Events.StageSeconds,
            };
    }

    private DeployedModel Deploy(CellPlan cell, RunContext run)
    {
        if (_deployed?.Matches(cell) != true)
        {
            _deployed?.Dispose();
            _deployed = null;
            _deployed = new DeployedModel(
                stage,
                models,
                cell.Id.Victim,
                cell.Precision,
                cell.Id.Precision,
                run.With(stage.SeedsOf(cell.Conversion))
            );
        }

        return _deployed;
    }

    // The row of a method that follows gradients.
    private static IReadOnlyList<Measurement> Gradients(Defense defense, DeployedModel deployed, RunContext run)
    {
        if (!defense.Needs.HasFlag(Needs.InputGradients))
        {
            return [];
        }

        return deployed.Model.Gradients == GradientAccess.None
            ? throw new NotApplicableException(
                "The method needs gradients with respect to the input and this precision offers none."
            )
            : [new(Metric.GradientAgreement.Id, deployed.GradientAgreement(run))];
    }

    private Scored Defend(
        CellPlan cell,
        DeployedModel deployed,
        IReadOnlyList<Measurement> gradients,
        double controlSeconds,
        RunContext run
    )
    {
        var (inputs, origin) = (stage.Inputs, stage.Origin);
        var backdoored = cell.Id.Victim == Victim.Backdoored;
        var defense = cell.Defense!;
        var truth = new BackdoorTruth
        {
            IsBackdoored = origin.KnowsAttack ? backdoored : null,
            ClassNames = inputs.CleanTest.ClassNames,
            Doubt = origin.Doubt(deployed.Metrics.CleanAccuracy.Value),
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
            deployed.Model.FloatModel.Clone,
            curve.Observe,
            run,
            inputs.FlipAllowed
        );
        var scored = defense switch
        {
            ModelDetector detector => ModelDetectorScorer.Score(detector.Detect(context), truth),
            SampleDetector detector => SampleDetectorScorer.Score(
                detector.Score(context),
                truth,
                run.Seeds.Child("figures").Random()
            ),
            InputFilter filter => InputFilterScorer.Score(
                filter.Fit(context),
                deployed.Model,
                inputs.CleanTest,
                truth,
                run
            ),
            Mitigator mitigator => Repair(mitigator, context, cell.Precision, cell.Id.Victim, deployed, truth, curve),
            RobustTrainer => Compare(cell, deployed, truth, run),
            _ => throw new NotSupportedException($"The engine has no scorer for {defense.GetType().Name}."),
        };
        var seconds =
            stage.Events.StageSeconds - controlSeconds + (cell.Trained is { } plan ? trained.Of(plan).Seconds : 0);
        var overhead = new Overhead(seconds, models.TrainSeconds(cell.Id.Victim));
        return scored with
        {
            Measurements = [.. scored.Measurements, .. gradients, .. overhead.Measurements()],
            Notes =
            [
                .. scored.Notes,
                .. defense.Warnings(inputs.Holdout.Count),
                .. gradients.Count > 0 ? [Access(deployed.Model.Gradients)] : Array.Empty<string>(),
            ],
        };
    }

    // Which access the method had to the model; one that follows no gradient says so itself.
    private static string Access(GradientAccess gradients) =>
        gradients == GradientAccess.StraightThrough
            ? "Gradients are straight-through: taken on a float model with this precision's weights."
            : "Gradients are true: the deployed arithmetic itself is differentiated.";

    private Scored Repair(
        Mitigator mitigator,
        DefenseContext context,
        Precision precision,
        Victim victim,
        DeployedModel deployed,
        BackdoorTruth truth,
        CurveRecorder curve
    )
    {
        using var repaired = mitigator.Repair(context);
        var after = Measure(repaired.Network);
        var pruned = repaired.Pruned is { } network ? Measure(network) : null;
        return MitigatorScorer.Score(deployed.Metrics, after, pruned, truth, curve.Points, repaired.Report);

        BackdoorMetrics Measure(Classifier network) => Converted(network, precision, victim, context.Run);
    }

    private Scored Compare(CellPlan cell, DeployedModel deployed, BackdoorTruth truth, RunContext run)
    {
        var plan = cell.Trained!;
        var record = trained.Of(plan);
        using var network = trained.Network(plan);
        return RobustTrainerScorer.Score(
            deployed.Metrics,
            Converted(network, cell.Precision, cell.Id.Victim, run),
            truth,
            record.Curve,
            record.Taken,
            stage.Inputs.TrainingSet(cell.Id.Victim).Count,
            new(
                [.. record.Numbers.Select(number => new DefenseNumber(MetricCatalog.Find(number.Key), number.Value))],
                record.Figures,
                record.Note
            )
        );
    }

    private BackdoorMetrics Converted(Classifier network, Precision precision, Victim victim, RunContext run)
    {
        network.eval();
        using var converted = precision.Convert(network, stage.Inputs.ImagesFor(precision, victim), run);
        return Evaluator.Measure(converted, stage.Inputs.CleanTest, stage.Inputs.Triggered, run);
    }

    private List<ArtifactReference> Save(StageKey key, IReadOnlyList<Figure> figures)
    {
        var references = new List<ArtifactReference>();
        for (var i = 0; i < figures.Count; i++)
        {
            var file = $"figure-{i + 1}.json";
            stage.Store.WriteJson(key, file, figures[i]);
            references.Add(new(key.Value, file, "figure", figures[i].Title, figures[i].Kind));
        }

        return references;
    }
}
