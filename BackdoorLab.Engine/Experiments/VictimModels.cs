using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>The models of a run that have been made.</summary>
internal sealed class VictimModels(StageContext stage) : IDisposable
{
    private readonly Dictionary<Victim, MadeModel> _made = [];

    /// <summary>Training throughput seen in this run; null when nothing was trained.</summary>
    internal double? MeasuredTrainImagesPerSecond =>
        _made.Values.Select(model => model.ImagesPerSecond).LastOrDefault(pace => pace is not null);

    /// <summary>
    /// What the making of the models showed; with the name of the model where it is true of one of several.
    /// </summary>
    internal IReadOnlyList<string> Remarks =>
        [
            .. _made
                .SelectMany(made => made.Value.Remarks.Select(text => (Victim: made.Key, Text: text)))
                .GroupBy(remark => remark.Text)
                .Select(group =>
                    group.Count() < _made.Count
                        ? $"{group.Key} ({ExperimentPlan.Words(group.First().Victim)})"
                        : group.Key
                ),
        ];

    internal bool Has(Victim victim) => _made.ContainsKey(victim);

    /// <summary>See <see cref="MadeModel.Seconds"/>.</summary>
    internal double? TrainSeconds(Victim victim) => _made[victim].Seconds;

    /// <summary>The float network of a model that has been made, in evaluation mode; owned by this object.</summary>
    internal Classifier Network(Victim victim) => _made[victim].Network;

    /// <summary>Runs the stage of a model. Returns null, or why there is no model.</summary>
    internal string? Make(VictimPlan plan)
    {
        var run = stage.Start(plan.Key);
        try
        {
            var model = _made[plan.Victim] = stage.Origin.Make(plan, stage, run);
            stage.Events.FinishStage(model.Cached, model.Cached ? model.Seconds : null);
            return null;
        }
        catch (TrainingDivergedException diverged)
        {
            stage.Events.Log("error", diverged.Message);
            return diverged.Message;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in _made.Values)
        {
            model.Dispose();
        }
    }
}
