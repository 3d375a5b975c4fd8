using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments.Origins;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Programs;

namespace BackdoorLab.Engine.Experiments;

/// <summary>What all stages of a run share.</summary>
internal sealed record StageContext(
    ExperimentSpec Spec,
    ExperimentInputs Inputs,
    ClassifierShape Shape,
    ArtifactStore Store,
    string ModelFolder,
    IProgramLauncher? Programs,
    EventStream Events,
    CancellationToken Cancellation
)
{
    /// <summary>How the models of the run come to be.</summary>
    internal ModelOrigin Origin { get; init; } = Spec.Origin;

    /// <summary>
    /// Begins a stage; its random streams hang on its key alone, so they depend neither on what ran before nor on the
    /// machine.
    /// </summary>
    internal RunContext Start(StageKey key) => Start(Events, Spec.Seed, key, Cancellation);

    /// <summary>The same for a stage that runs before there are inputs.</summary>
    internal static RunContext Start(EventStream events, int seed, StageKey key, CancellationToken cancellation)
    {
        var run = events.StartStage(key, new SeedTree(seed).Child(key.Streams), cancellation);
        // Layer initialisation draws from libtorch's process-wide generator: reseeding here keeps a stage's numbers its
        // own.
#pragma warning disable RS0030 // The one place that reseeds it.
        TorchSharp.torch.random.manual_seed(run.Seeds.Seed);
#pragma warning restore RS0030
        return run;
    }

    /// <summary>The network that a training begins with.</summary>
    /// <exception cref="Weights.WeightFileException">The file to start from is not there or does not fit.</exception>
    internal Classifier NewNetwork(RunContext run) => Spec.NewNetwork(Shape, ModelFolder, run);

    /// <summary>Random streams of a stage.</summary>
    internal SeedTree SeedsOf(StageKey key) => new SeedTree(Spec.Seed).Child(key.Streams);
}
