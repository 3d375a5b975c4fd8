using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Tests.Defenses;

internal static class TestContexts
{
    internal static RunContext Run(CancellationToken cancellation = default) => new(new SeedTree(7), cancellation);

    internal static Random Random(string name) => new SeedTree(7).Child(name).Random();

    internal static DefenseContext Of(
        Needs needs,
        DeployedClassifier model,
        ImageSet holdout,
        ImageSet? training = null,
        float[]? features = null,
        Func<Classifier>? copy = null,
        Action<string, double, Classifier>? observe = null,
        RunContext? run = null
    ) =>
        new(
            needs,
            model,
            holdout,
            training ?? holdout,
            () => features ?? throw new InvalidOperationException("No features."),
            copy ?? (() => throw new InvalidOperationException("No copy.")),
            observe ?? ((_, _, _) => { }),
            run ?? Run(),
            flipAllowed: false
        );

    internal static RobustTraining Training(
        Needs needs,
        ImageSet received,
        ImageSet holdout,
        Func<Classifier> build,
        Func<DeployedClassifier>? plain = null,
        Action<string, double, Classifier>? observe = null,
        RunContext? run = null,
        ITrainedParts? parts = null
    ) =>
        new()
        {
            Needs = needs,
            Received = received,
            Holdout = holdout,
            Build = build,
            Plain = plain ?? (() => throw new InvalidOperationException("No plain training.")),
            Recipe = new()
            {
                Epochs = 3,
                BatchSize = 16,
                Precision = TrainingPrecision.Float32,
            },
            FlipAllowed = false,
            Run = run ?? Run(),
            Parts = parts ?? new NoParts(),
            Observe = observe ?? ((_, _, _) => { }),
        };

    /// <summary>Nothing is kept: every part is trained.</summary>
    private sealed class NoParts : ITrainedParts
    {
        public bool Restore(string part, Classifier network) => false;

        public void Keep(string part, Classifier network) { }

        public string? Checkpoint(string part) => null;
    }
}
