using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Sentences that must stand beside the numbers of a run.</summary>
public static class Remarks
{
    internal const int ShortSchedule = 30;

    /// <summary>What the spec alone says; the data set adds its own.</summary>
    public static IEnumerable<string> Of(ExperimentSpec spec)
    {
        if (spec.Suspect is not null)
        {
            yield return "a model from a file: nothing is known of its training, so a verdict can be neither right nor wrong here, and a detector that stays quiet proves nothing";
            foreach (var warning in OfDefenses(spec))
            {
                yield return warning;
            }

            yield break;
        }

        yield return "n = 1: one training of each model; detection rates are 0 or 1 per model, not a rate over models.";
        foreach (var warning in Warnings(spec))
        {
            yield return warning;
        }

        if (spec.Federation is null && spec.Training.Epochs < ShortSchedule)
        {
            yield return $"short schedule: {spec.Training.Epochs} epochs; clean accuracy is below what the network reaches with a full one.";
        }
    }

    /// <summary>Settings that will not do what their names say, though they run: to be read before the run too.</summary>
    public static IEnumerable<string> Warnings(ExperimentSpec spec) => OfFederation(spec).Concat(OfDefenses(spec));

    /// <summary>What a federation says of its settings.</summary>
    internal static IEnumerable<string> OfFederation(ExperimentSpec spec) =>
        spec.Federation?.Warnings(spec.Attack, spec.Training, spec.Model.TracksStatistics) ?? [];

    /// <summary>What the defenses say of their own settings, each with its name.</summary>
    internal static IEnumerable<string> OfDefenses(ExperimentSpec spec) => spec.Defenses.SelectMany(defense => defense.Warnings(spec.CleanHoldout)
        .Select(warning => $"{MethodCatalog.Default.For(defense).Name}: {warning}")).Distinct();
}
