using System.Diagnostics;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments.Origins;

/// <summary>
/// Federated training: clients keep their images, some of them attack. Rounds are told as epochs, and pictures of the
/// training kept.
/// </summary>
/// <param name="spec">The experiment.</param>
/// <param name="federation">Its federation.</param>
internal sealed class TrainedByClients(ExperimentSpec spec, Federation federation) : Trained(spec)
{
    /// <summary>Role of a figure that belongs to the training of a model.</summary>
    internal const string FigureRole = "training-figure";

    private const string Unfinished = "unfinished-federation.safetensors";
    private const string HistoryFile = "federation.json";

    /// <inheritdoc/>
    internal override IEnumerable<string> Warnings =>
        federation.Warnings(Spec.Attack, Spec.Training, Spec.Model.TracksStatistics);

    /// <inheritdoc/>
    internal override string Setting => federation.Title();

    /// <inheritdoc/>
    internal override bool RateIsOfAttackers => true;

    /// <inheritdoc/>
    internal override bool KeepsBackdoorsOut => true;

    /// <inheritdoc/>
    protected override string By => $" by {federation.Simulation.Clients} clients";

    /// <inheritdoc/>
    internal override double Seconds(Victim victim, int trainImages, Throughput pace)
    {
        // Where there is a fusion, before and after it.
        var models = federation.Protocol.FusionQuorum > 0 ? 2 : 1;
        var measured = federation.Simulation.Rounds * 2.0 * CurveImages.Most * models;
        return federation.TrainImages(trainImages) / pace.TrainImagesPerSecond + measured / pace.ForwardImagesPerSecond;
    }

    /// <inheritdoc/>
    internal override IEnumerable<SpecFault> Faults()
    {
        List<SpecFault> own = [.. federation.Faults()];
        List<SpecFault> all = [.. base.Faults(), .. own];
        if (Spec.Attack.ImplantImages(1) > 0)
        {
            var attack = MethodCatalog.Default.For(Spec.Attack).Name;
            all.Add(
                new(
                    "attack.id",
                    $"must be an attack that only poisons data where clients train the model; {attack} changes the "
                        + "trained network, which no client has."
                )
            );
        }

        for (var i = 0; i < Spec.Defenses.Count; i++)
        {
            if (Spec.Defenses[i] is RobustTrainer)
            {
                all.Add(
                    new(
                        $"defenses[{i}]",
                        "must not be a training defense where clients train the model: it needs the training set in one "
                            + "place."
                    )
                );
            }
        }

        if (Spec.Attack is PreparedAttack)
        {
            var attack = MethodCatalog.Default.For(Spec.Attack).Name;
            all.Add(
                new(
                    "attack.id",
                    $"must be an attack whose trigger is known from the start where clients train the model; {attack} "
                        + "makes its trigger from all training images, which no client has."
                )
            );
        }

        // A federation that contradicts itself cannot be dealt to.
        if (own.Count == 0 && DrawFault() is { } dealing)
        {
            all.Add(dealing);
        }

        return all;
    }

    /// <inheritdoc/>
    internal override SpecFault? DrawFault() => Dealing.Fault(Spec, federation);

    /// <inheritdoc/>
    internal override PoisonedSet Poison(ImageSet train, Attack attack, Trigger trigger, bool flipAllowed)
    {
        var dealt = Deal(train, attack, trigger, federation.Simulation.Attackers, flipAllowed);
        return new(dealt.Images, [.. dealt.Poisoned], dealt.Changes);
    }

    /// <inheritdoc/>
    protected override (string Kind, string Name, object? Value) Way(Victim victim) =>
        ("federate", "federation", victim == Victim.Backdoored ? federation : federation.Honest());

    /// <inheritdoc/>
    protected override FinishedTraining Train(VictimPlan plan, Classifier model, StageContext stage, RunContext run)
    {
        var inputs = stage.Inputs;
        var attackers = plan.Victim == Victim.Backdoored ? federation.Simulation.Attackers : 0;
        var unfinished = stage.Store.PathOf(plan.Key.Value, Unfinished);
        var earlier = File.Exists(unfinished) ? Earlier(plan, stage) : 0;
        var watch = Stopwatch.StartNew();
        var history = FederatedTraining.Run(
            model,
            Deal(inputs.CleanTrain, Spec.Attack, inputs.Trigger, attackers, inputs.FlipAllowed),
            federation,
            attackers,
            Spec.Training,
            run,
            new FederationHooks
            {
                CheckpointFile = unfinished,
                Measure = network => Metrics(inputs.Curve.Measure(plan.Victim, network, run)),
                RoundFinished = round =>
                {
                    KeepSeconds(plan, stage, earlier + watch.Elapsed.TotalSeconds);
                    stage.Events.Emit(Point(plan.Victim, round, federation.Simulation.Rounds));
                },
            }
        );
        stage.Store.WriteJson(plan.Key, HistoryFile, history);
        var figures = FederationFigures.Of(history, federation);
        for (var i = 0; i < figures.Count; i++)
        {
            stage.Store.WriteJson(plan.Key, FileOf(i), figures[i]);
        }

        Show(plan, stage, figures);
        return new(earlier + watch.Elapsed.TotalSeconds, [.. federation.Observations(history)]);
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Retell(VictimPlan plan, StageContext stage)
    {
        if (stage.Store.ReadJson<FederationHistory>(plan.Key, HistoryFile) is not { } history)
        {
            return [];
        }

        foreach (var round in history.Rounds)
        {
            stage.Events.Emit(Point(plan.Victim, round, history.Rounds.Count));
        }

        Show(plan, stage, FederationFigures.Of(history, federation));
        return [.. federation.Observations(history)];
    }

    private FederatedData Deal(ImageSet train, Attack attack, Trigger trigger, int attackers, bool flipAllowed) =>
        FederatedData.Deal(train, federation, attack, trigger, attackers, flipAllowed, Dealing.Seeds(Spec));

    private static void Show(VictimPlan plan, StageContext stage, IReadOnlyList<Figure> figures)
    {
        for (var i = 0; i < figures.Count; i++)
        {
            var title = $"{figures[i].Title}, {ExperimentPlan.Words(plan.Victim)}";
            stage.Events.Emit(
                new ArtifactSaved(new(plan.Key.Value, FileOf(i), FigureRole, title, figures[i].Kind, plan.Victim))
            );
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
