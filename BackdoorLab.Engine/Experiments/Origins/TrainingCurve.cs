using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// The epochs of a training, each told and kept as it ends, so that a training which is resumed or stored can be told
/// whole.
/// </summary>
/// <param name="plan">The model.</param>
/// <param name="stage">The run.</param>
internal sealed class TrainingCurve(VictimPlan plan, StageContext stage)
{
    private const string FileName = "curve.json";

    private List<EpochFinished> _points = [];

    /// <summary>Tells what earlier attempts have kept, and goes on from there.</summary>
    internal void Retell()
    {
        _points = stage.Store.ReadJson<List<EpochFinished>>(plan.Key, FileName) ?? [];
        _points.ForEach(stage.Events.Emit);
    }

    /// <summary>
    /// Measures, keeps and tells an epoch. One that an earlier attempt had reached after its last checkpoint replaces
    /// it.
    /// </summary>
    internal void Add(EpochReport report, RunContext run)
    {
        var metrics = stage.Inputs.Curve.Measure(plan.Victim, report.Model, run);
        _points.RemoveAll(point => point.Epoch >= report.Epoch);
        _points.Add(
            new(
                plan.Victim,
                report.Epoch,
                report.Epochs,
                report.Loss,
                metrics.CleanAccuracy.Value,
                metrics.AttackSuccessRate.ValueOrNull
            )
        );
        stage.Store.WriteJson(plan.Key, FileName, _points);
        stage.Events.Emit(_points[^1]);
    }
}
