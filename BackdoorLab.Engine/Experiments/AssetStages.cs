using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// What an attacker makes before poisoning: a clean network of its own, and on that its asset. Both are kept and shared
/// by all runs with the same keys; a network whose asset is known already is not trained.
/// </summary>
/// <param name="spec">The run; its attack is a <see cref="PreparedAttack"/>.</param>
/// <param name="train">Clean training images.</param>
/// <param name="flipAllowed">Whether a flip keeps labels.</param>
/// <param name="shape">The network's input and output.</param>
/// <param name="modelFolder">Where a file lies that trainings start from.</param>
/// <param name="store">Where both are kept.</param>
/// <param name="events">Told of the stages.</param>
/// <param name="cancellation">Checked every step.</param>
internal sealed class AssetStages(
    ExperimentSpec spec,
    ImageSet train,
    bool flipAllowed,
    ClassifierShape shape,
    string modelFolder,
    ArtifactStore store,
    EventStream events,
    CancellationToken cancellation
)
{
    private const string AssetFile = "asset.json";
    private const string Unfinished = "unfinished.safetensors";

    /// <summary>Runs both stages.</summary>
    /// <exception cref="TrainingDivergedException">The attacker's network learns nothing.</exception>
    internal AttackAsset Run(AssetPlan plan)
    {
        var known = store.ReadJson<AttackAsset>(plan.Key, AssetFile);
        using var network = known is null ? Network(plan.Network) : Skipped(plan.Network);
        var run = StageContext.Start(events, spec.Seed, plan.Key, cancellation);
        var asset = known;
        if (asset is null)
        {
            asset = ((PreparedAttack)spec.Attack).MakeAsset(
                new()
                {
                    Network = network!,
                    Train = train,
                    Run = run,
                }
            );
            store.WriteJson(plan.Key, AssetFile, asset);
        }

        events.FinishStage(cached: known is not null);
        return asset;
    }

    private Classifier? Skipped(StageKey key)
    {
        StageContext.Start(events, spec.Seed, key, cancellation);
        events.FinishStage(cached: true);
        return null;
    }

    private Classifier Network(StageKey key)
    {
        var run = StageContext.Start(events, spec.Seed, key, cancellation);
        var cached = store.HasWeights(key);
        var network = cached ? spec.Model.Build(shape) : spec.NewNetwork(shape, modelFolder, run);
        try
        {
            if (cached)
            {
                store.LoadWeights(key, network);
            }
            else
            {
                var hooks = new TrainingHooks { CheckpointFile = store.PathOf(key.Value, Unfinished) };
                Trainer.Train(network, train, spec.Training, run, hooks, flipAllowed);
                store.SaveWeights(key, network);
            }

            events.FinishStage(cached);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
