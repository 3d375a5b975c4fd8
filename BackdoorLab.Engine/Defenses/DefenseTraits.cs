using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Where a defense stands on the axes by which surveys of the field compare defenses: when it acts, on what, what it
/// must know and be given, and what it does.
/// </summary>
internal static class DefenseTraits
{
    private static readonly (Needs Need, string Words)[] Given =
    [
        (Needs.TrainingSet, "poisoned data"),
        (Needs.CleanHoldout, "clean data"),
        (Needs.Weights, "weights"),
        (Needs.Features, "feature maps"),
        (Needs.InputGradients, "gradients"),
        (Needs.PlainTraining, "a plain training"),
    ];

    internal static IReadOnlyList<MethodTrait> Of(Defense defense) =>
        [
            new("Stage", Stage(defense)),
            new("Use", defense is InputFilter ? "online" : "offline"),
            new("Domain", defense.Domain.ToString().ToLowerInvariant()),
            new("Model", Knowledge(defense)),
            new("Knows of the attack", defense.AssumesOfAttack is { Length: > 0 } known ? known : "nothing"),
            new("Access", Access(defense)),
            new("Does", Capability(defense)),
        ];

    private static string Stage(Defense defense) =>
        defense switch
        {
            SampleDetector => "before training",
            RobustTrainer => "in training",
            _ => "after training",
        };

    private static string Knowledge(Defense defense) =>
        defense is RobustTrainer ? "own training"
        : (defense.Needs & (Needs.Weights | Needs.InputGradients)) != 0 ? "white box"
        : defense.Needs.HasFlag(Needs.Features) ? "features"
        : "black box";

    private static string Access(Defense defense)
    {
        string[] given = [.. Given.Where(part => defense.Needs.HasFlag(part.Need)).Select(part => part.Words)];
        return given.Length == 0 ? "queries"
            : defense is InputFilter or ModelDetector ? string.Join(", ", given.Append("queries"))
            : string.Join(", ", given);
    }

    private static string Capability(Defense defense) =>
        defense switch
        {
            RobustTrainer => "trains",
            Mitigator => "modifies the model",
            InputFilter => "filters inputs",
            SampleDetector => "filters samples",
            _ => "judges the model",
        };
}
