using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// The planted controls of cells. They are kept in a file of their own beside the cell's result, which does not depend
/// on them, so that a spec with and one without preflight share their results.
/// </summary>
internal sealed class CellControls(StageContext stage)
{
    private const string File = "control.json";

    internal bool Wanted(CellPlan cell) =>
        stage.Spec.Preflight && cell.Defense is { } defense && PlantedControls.Cover(defense);

    internal ControlFigures? Stored(CellPlan cell) =>
        Wanted(cell) ? stage.Store.ReadJson<ControlFigures>(cell.Key, File) : null;

    /// <summary>
    /// Runs and stores them; on random streams of their own, so that the defense draws what it would without them.
    /// </summary>
    internal ControlFigures Measure(CellPlan cell, DeployedModel deployed, RunContext run)
    {
        var figures = RandomStream.Untouched(() => Figures(cell, deployed, run));
        stage.Store.WriteJson(cell.Key, File, figures);
        return figures;
    }

    /// <summary>The cell as it is shown: not applicable where the controls fail, else with their rows.</summary>
    internal static CellResult Combine(CellResult result, ControlFigures? control) =>
        control switch
        {
            null => result,
            { Fault.Length: > 0 } => new()
            {
                Id = result.Id,
                Outcome = Outcome.NotApplicable,
                Reason = $"The planted controls fail: {control.Fault}.",
                Cached = result.Cached,
            },
            _ when result.Outcome == Outcome.Value => result with
            {
                Measurements = [.. result.Measurements, .. control.Measurements()],
            },
            _ => result,
        };

    private ControlFigures Figures(CellPlan cell, DeployedModel deployed, RunContext run)
    {
        var (inputs, attack) = (stage.Inputs, stage.Spec.Attack);
        var hasTarget = stage.Origin.KnowsAttack && attack.Mapping == Attacks.LabelMapping.AllToOne;
        int? target = hasTarget ? attack.TargetLabel : null;
        try
        {
            var sets = ControlSets.Of(
                inputs.Holdout,
                inputs.CleanTrain,
                inputs.CleanTest,
                target,
                run.Seeds.Child("control-labels")
            );
            return PlantedControls.Measure(cell.Defense!, deployed.Model, sets, run.Child("control"));
        }
        catch (NotApplicableException reason)
        {
            return new ControlFigures(0, 0, $"they cannot run ({reason.Message.TrimEnd('.')})");
        }
    }
}
