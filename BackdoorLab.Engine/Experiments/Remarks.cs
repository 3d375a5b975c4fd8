using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Experiments;

/// <summary>Sentences that must stand beside the numbers of a run.</summary>
public static class Remarks
{
    /// <summary>What the spec alone says; the data set adds its own.</summary>
    public static IEnumerable<string> Of(ExperimentSpec spec)
    {
        yield return spec.Origin.Remark;
        foreach (var warning in Warnings(spec))
        {
            yield return warning;
        }

        if (spec is { Start: { } start, Suspect: null })
        {
            yield return start.Remark;
        }

        if (spec.Origin.IsShort)
        {
            yield return $"short schedule: {spec.Training.Epochs} epochs; clean accuracy is below what the network reaches with a full one.";
        }
    }

    /// <summary>
    /// Settings that will not do what their names say, though they run: to be read before the run too.
    /// </summary>
    public static IEnumerable<string> Warnings(ExperimentSpec spec) => spec.Origin.Warnings.Concat(OfDefenses(spec));

    /// <summary>What the defenses say of their own settings, each with its name.</summary>
    internal static IEnumerable<string> OfDefenses(ExperimentSpec spec) =>
        spec
            .Defenses.SelectMany(defense =>
                defense
                    .Warnings(spec.CleanHoldout)
                    .Select(warning => $"{MethodCatalog.Default.For(defense).Name}: {warning}")
            )
            .Distinct();
}
