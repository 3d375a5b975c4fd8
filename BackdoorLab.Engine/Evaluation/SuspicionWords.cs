using BackdoorLab.Engine.Defenses;

namespace BackdoorLab.Engine.Evaluation;

/// <summary>Says on which classes a suspicion falls.</summary>
public static class SuspicionWords
{
    /// <summary>Begins the sentence about a model that was flagged.</summary>
    public const string Flagged = "Suspicious: ";

    /// <summary>Begins the sentence about one that was not.</summary>
    public const string Quiet = "Not flagged; most conspicuous: ";

    /// <summary>"Suspicious: class 'stop' (label 14)"; empty when the verdict names no class.</summary>
    internal static string Of(ModelVerdict verdict, IReadOnlyList<string> names) => verdict switch
    {
        { Flagged: true, SuspectedLabels: [_, ..] labels } => Flagged + string.Join(", ", labels.Select(label => Class(label, names))),
        { Flagged: true, TopLabel: { } top } => Flagged + Class(top, names),
        { Flagged: false, TopLabel: { } top } => Quiet + Class(top, names),
        _ => "",
    };

    private static string Class(int label, IReadOnlyList<string> names) => label < names.Count ? $"class '{names[label]}' (label {label})" : $"label {label}";
}
