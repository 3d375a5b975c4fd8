using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>A model to make.</summary>
/// <param name="Victim">Which.</param>
/// <param name="Key">Identity of its making; the benign twin's does not depend on the attack, so attacks share
/// it.</param>
internal sealed record VictimPlan(Victim Victim, StageKey Key);

/// <summary>A cell to compute; <paramref name="Defense"/> null measures the undefended model.</summary>
/// <param name="Key">Identity of its result.</param>
/// <param name="Conversion">
/// Key of the undefended cell of the same model and precision: the conversion's random streams hang on it, so that
/// every cell of a column sees the same deployed model, also when some of them came from the store.
/// </param>
/// <param name="Id">What it is called.</param>
/// <param name="Precision">Form of the deployed model.</param>
/// <param name="Defense">Method, or null.</param>
/// <param name="Trained">The model that a training defense made for it; null for every other.</param>
internal sealed record CellPlan(
    StageKey Key,
    StageKey Conversion,
    CellId Id,
    Precision Precision,
    Defense? Defense,
    RobustPlan? Trained = null
)
{
    internal string Kind => Defense is null ? "convert" : "defend";
}

/// <summary>All stages of a spec with their keys, in the order they run.</summary>
internal sealed class ExperimentPlan
{
    private ExperimentPlan(
        DataFacts data,
        AssetPlan? asset,
        StageKey? poison,
        IReadOnlyList<VictimPlan> victims,
        IReadOnlyList<RobustPlan> trained,
        IReadOnlyList<CellPlan> cells,
        IReadOnlyList<PlannedStage> stages
    ) =>
        (Data, Asset, Poison, Victims, Trained, Cells, Stages) = (data, asset, poison, victims, trained, cells, stages);

    /// <summary>What everything is computed on.</summary>
    internal DataFacts Data { get; }

    /// <summary>What the attacker makes before poisoning; null where that is nothing.</summary>
    internal AssetPlan? Asset { get; }

    /// <summary>Where trigger and samples are kept; null where there is no trigger.</summary>
    internal StageKey? Poison { get; }

    internal IReadOnlyList<VictimPlan> Victims { get; }

    /// <summary>Models that training defenses make, one for each victim and defense.</summary>
    internal IReadOnlyList<RobustPlan> Trained { get; }

    /// <summary>
    /// By precision, then victim, then defense, so that a precision's column fills before the next begins.
    /// </summary>
    internal IReadOnlyList<CellPlan> Cells { get; }

    internal IReadOnlyList<PlannedStage> Stages { get; }

    internal double EstimatedSeconds => Stages.Sum(stage => stage.EstimatedSeconds);

    internal static ExperimentPlan Make(ExperimentSpec spec, DatasetSplits data, Throughput pace, int threads)
    {
        var catalog = MethodCatalog.Default;
        var facts = DataFacts.Of(spec.Dataset, data);
        var keys = new StageKeys(spec, facts.Fingerprint, Machine.Here(spec.Training, threads));
        var origin = spec.Origin;
        var poison = origin.KnowsAttack ? keys.Poison() : null;
        VictimPlan[] victims = [.. origin.Victims.Select(victim => new VictimPlan(victim, keys.Model(victim)))];
        RobustPlan[] trained =
        [
            .. victims.SelectMany(victim =>
                spec.Defenses.OfType<RobustTrainer>()
                    .Select(defense => new RobustPlan(
                        victim.Victim,
                        defense,
                        catalog.Label(defense),
                        keys.Robust(victim.Key, defense)
                    ))
            ),
        ];
        var cells = new List<CellPlan>();
        foreach (var precision in spec.Precisions)
        {
            foreach (var victim in victims)
            {
                var conversion = keys.Cell(victim.Key, precision, null);
                foreach (var defense in spec.Defenses.Prepend(null))
                {
                    var id = new CellId(
                        victim.Victim,
                        catalog.Label(precision),
                        defense is null ? null : catalog.Label(defense)
                    );
                    var own = trained.FirstOrDefault(plan => plan.Victim == victim.Victim && plan.Label == id.Defense);
                    cells.Add(
                        new(
                            defense is null ? conversion : keys.Cell(own?.Key ?? victim.Key, precision, defense),
                            conversion,
                            id,
                            precision,
                            defense,
                            own
                        )
                    );
                }
            }
        }

        var estimator = new Estimator(spec, pace, data.Train.Count, data.Test.Count, data.Train.Classes);
        return new(
            facts,
            keys.Asset,
            poison,
            victims,
            trained,
            cells,
            [
                .. keys.Asset is null ? [] : AssetStages(keys.Asset, spec, estimator),
                .. poison is null
                    ? Array.Empty<PlannedStage>()
                    :
                    [
                        new(
                            poison.Value,
                            "poison",
                            $"Poison {catalog.For(spec.Dataset).Name} with {catalog.For(spec.Attack).Name}",
                            0.5
                        ),
                    ],
                .. victims.Select(victim => new PlannedStage(
                    victim.Key.Value,
                    origin.Kind,
                    origin.Title(victim.Victim),
                    estimator.Model(victim.Victim)
                )),
                .. trained.Select(plan => new PlannedStage(
                    plan.Key.Value,
                    "defend",
                    $"Train by {catalog.For(plan.Defense).Name}, {Words(plan.Victim)}",
                    estimator.Trained(plan.Defense),
                    plan.Label
                )),
                .. cells.Select(cell => new PlannedStage(
                    cell.Key.Value,
                    cell.Kind,
                    Title(cell),
                    estimator.Cell(cell.Precision, cell.Defense),
                    cell.Id.Defense ?? ""
                )),
            ]
        );
    }

    private static PlannedStage[] AssetStages(AssetPlan asset, ExperimentSpec spec, Estimator estimator)
    {
        var catalog = MethodCatalog.Default;
        var network = catalog.For(spec.Model).Name;
        var attack = catalog.For(spec.Attack).Name;
        return
        [
            new(asset.Network.Value, "attacker", $"Train the attacker's own {network}", estimator.Attacker()),
            new(asset.Key.Value, "asset", $"Optimise the trigger of {attack}", estimator.Asset()),
        ];
    }

    private static string Title(CellPlan cell)
    {
        var catalog = MethodCatalog.Default;
        var precision = catalog.For(cell.Precision).Name;
        return cell.Defense is null
            ? $"Measure {precision}, {Words(cell.Id.Victim)}"
            : $"{catalog.For(cell.Defense).Name} on {precision}, {Words(cell.Id.Victim)}";
    }

    /// <summary>A model in a title.</summary>
    internal static string Words(Victim victim) =>
        victim switch
        {
            Victim.Backdoored => "backdoored model",
            Victim.Benign => "benign twin",
            _ => "model from a file",
        };
}
