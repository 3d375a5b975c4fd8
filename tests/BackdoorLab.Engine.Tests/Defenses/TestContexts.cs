using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;

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
}
