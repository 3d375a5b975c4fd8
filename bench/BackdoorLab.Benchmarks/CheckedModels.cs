using BackdoorLab.Benchmarks.Inversion;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Models;

namespace BackdoorLab.Benchmarks;

/// <summary>What defenses see of a checked model that is measured here: the model and clean images.</summary>
internal static class CheckedModels
{
    public static DefenseContext Context(Needs needs, DeployedClassifier model, ImageSet holdout) =>
        new(
            needs,
            model,
            holdout,
            holdout,
            () => throw new InvalidOperationException("No features."),
            model.FloatModel.Clone,
            (_, _, _) => { },
            SignVictim.Run(),
            flipAllowed: false
        );
}
