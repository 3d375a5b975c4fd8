using System.Diagnostics;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Trains a model by clients, tells its rounds as epochs and keeps the pictures of the training.</summary>
/// <param name="stage">The run.</param>
/// <param name="measure">Measures a model on the images of the curve.</param>
internal sealed class FederatedStage(StageContext stage, Func<Victim, Classifier, RunContext, BackdoorMetrics> measure)
{
    /// <summary>Role of a figure that belongs to the training of a model.</summary>
    internal const string FigureRole = "training-figure";

    private const string Unfinished = "unfinished-federation.safetensors";
    private const string HistoryFile = "federation.json";

    /// <summary>What the training showed that stands beside its numbers.</summary>
    internal IReadOnlyList<string> Remarks { get; private set; } = [];

    /// <summary>Trains, or goes on with an interrupted training. Returns its seconds, earlier attempts included.</summary>
    internal double Run(VictimPlan plan, Federation federation, Classifier model, RunContext run)
    {
        var attackers = plan.Victim == Victim.Backdoored ? federation.Simulation.Attackers : 0;
        var unfinished = stage.Store.PathOf(plan.Key.Value, Unfinished);
        var earlier = File.Exists(unfinished) ? stage.Store.ReadJson<TrainingDone>(plan.Key, VictimModels.SoFarFile)?.Seconds ?? 0 : 0;
        var watch = Stopwatch.StartNew();
        var history = FederatedTraining.Run(
            model,
            stage.Inputs.Deal!(attackers),
            federation,
            attackers,
            stage.Spec.Training,
            run,
            new FederationHooks
            {
                CheckpointFile = unfinished,
                Measure = network => Metrics(measure(plan.Victim, network, run)),
                RoundFinished = round =>
                {
                    stage.Store.WriteJson(plan.Key, VictimModels.SoFarFile, new TrainingDone(earlier + watch.Elapsed.TotalSeconds));
                    stage.Events.Emit(Point(plan.Victim, round, federation.Simulation.Rounds));
                },
            });
        stage.Store.WriteJson(plan.Key, HistoryFile, history);
        var figures = FederationFigures.Of(history, federation);
        for (var i = 0; i < figures.Count; i++)
        {
            stage.Store.WriteJson(plan.Key, FileOf(i), figures[i]);
        }

        Remarks = [.. federation.Observations(history)];
        Show(plan, figures);
        return earlier + watch.Elapsed.TotalSeconds;
    }

    /// <summary>Tells a training that the store holds as if it had just been done.</summary>
    internal void Tell(VictimPlan plan)
    {
        if (stage.Store.ReadJson<FederationHistory>(plan.Key, HistoryFile) is { } history)
        {
            foreach (var round in history.Rounds)
            {
                stage.Events.Emit(Point(plan.Victim, round, history.Rounds.Count));
            }

            Remarks = [.. stage.Spec.Federation!.Observations(history)];
            Show(plan, FederationFigures.Of(history, stage.Spec.Federation!));
        }
    }

    private void Show(VictimPlan plan, IReadOnlyList<Figure> figures)
    {
        for (var i = 0; i < figures.Count; i++)
        {
            stage.Events.Emit(new ArtifactSaved(new(plan.Key.Value, FileOf(i), FigureRole, $"{figures[i].Title}, {ExperimentPlan.Words(plan.Victim)}", figures[i].Kind, plan.Victim)));
        }
    }

    private static string FileOf(int figure) => $"federation-{figure}.json";

    // Without triggered images, as for the benign twin, both shares are undefined.
    private static RoundMetrics Metrics(BackdoorMetrics metrics) =>
        new(metrics.CleanAccuracy.Value, metrics.AttackSuccessRate.ValueOrNull, metrics.RobustAccuracy.ValueOrNull);

    // What would be deployed: after fusion where there is one.
    private static EpochFinished Point(Victim victim, RoundRecord round, int rounds)
    {
        var deployed = round.Fused ?? round.Global;
        return new(victim, round.Round, rounds, round.Loss, deployed.BenignAccuracy, deployed.AttackSuccessRate);
    }
}
