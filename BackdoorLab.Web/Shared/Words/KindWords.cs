using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>Kinds of method in words.</summary>
public static class KindWords
{
    private static readonly Dictionary<string, (string One, string Many, string About)> Words = new()
    {
        ["dataset-source"] = ("Data set", "Data sets", "What the model is trained and measured on."),
        ["model-source"] = ("Model", "Models", "Networks, built from scratch for the size of the data."),
        ["attack"] = ("Attack", "Attacks", "A trigger, a label mapping and a poison rate."),
        ["precision"] = ("Precision", "Precisions", "Numeric form in which a trained model is deployed."),
        ["model-detector"] = ("Model detector", "Model detectors", "Decide whether a model is backdoored."),
        ["sample-detector"] = (
            "Sample detector",
            "Sample detectors",
            "Score every training sample; flagged ones would be removed."
        ),
        ["input-filter"] = (
            "Input filter",
            "Input filters",
            "Score inputs at test time; suspicious ones are rejected."
        ),
        ["mitigator"] = ("Mitigation", "Mitigations", "Repair a copy of the model."),
        ["robust-trainer"] = (
            "Training defense",
            "Training defenses",
            "Train in place of the usual training, on a set that may be poisoned."
        ),
        ["client-protocol"] = (
            "Client protocol",
            "Client protocols",
            "What an honest client does in a round of federated training."
        ),
        ["aggregator"] = (
            "Aggregation rule",
            "Aggregation rules",
            "How the server of a federation makes one step of its clients' updates."
        ),
        ["attacker-behaviour"] = (
            "Federated attacker",
            "Federated attackers",
            "What an attacker among the clients does besides poisoning its data."
        ),
        ["simulation"] = ("Federation", "Federation", "Clients, rounds and how the data is dealt."),
        ["train-options"] = ("Training", "Training", "How victim and benign twin are trained."),
    };

    // What a run is put together from comes first, as the form asks for it; what it is trained on comes last.
    private static readonly string[] Places =
    [
        "attack",
        "model-detector",
        "sample-detector",
        "input-filter",
        "mitigator",
        "robust-trainer",
        "precision",
        "client-protocol",
        "aggregator",
        "attacker-behaviour",
        "model-source",
        "dataset-source",
        "train-options",
        "simulation",
    ];

    /// <summary>Place of a kind on pages that list all; a kind that is not known comes last.</summary>
    public static int Place(string kind) => Array.IndexOf(Places, kind) is var at and >= 0 ? at : Places.Length;

    /// <summary>Singular, for a badge.</summary>
    public static string Singular(string kind) => Words.TryGetValue(kind, out var words) ? words.One : Spelt(kind);

    /// <summary>Plural, for a heading.</summary>
    public static string Plural(string kind) => Words.TryGetValue(kind, out var words) ? words.Many : Spelt(kind);

    /// <summary>A sentence.</summary>
    public static string About(string kind) => Words.TryGetValue(kind, out var words) ? words.About : "";

    /// <summary>
    /// The screen name of a method's label: <c>int4[granularity=per-tensor]</c> becomes <c>INT4 (granularity
    /// per-tensor)</c>.
    /// </summary>
    public static string Label(string label) =>
        Settings(label) is { Length: > 0 } settings ? $"{Name(label)} ({settings})" : Name(label);

    /// <summary>The name of the method behind a label.</summary>
    public static string Name(string label) => MethodCatalog.Default.OfLabel(label)?.Name ?? MethodLabel.Of(label).Id;

    /// <summary>
    /// What a label says differs from the method's defaults: "rounds 40, batch size 32"; empty when nothing does.
    /// </summary>
    public static string Settings(string label)
    {
        var method = MethodCatalog.Default.OfLabel(label);
        return string.Join(
            ", ",
            MethodLabel.Of(label).Settings.Select(setting => $"{ParameterWords(method, setting.Key)} {setting.Value}")
        );
    }

    /// <summary>The screen name of a defense; <c>""</c>, the label of none, becomes "No defense".</summary>
    public static string Defense(string label) => label.Length == 0 ? "No defense" : Label(label);

    /// <summary>The name of a defense without its settings; null is none.</summary>
    public static string DefenseName(string? label) => label is null ? "No defense" : Name(label);

    /// <summary>The label without the explanation in the method's name: for axes and points.</summary>
    public static string Short(string label) =>
        Settings(label) is { Length: > 0 } settings ? $"{Brief(label)} ({settings})" : Brief(label);

    /// <summary>
    /// The method's name without its explanation and without settings: where the settings stand elsewhere.
    /// </summary>
    public static string Brief(string label)
    {
        var name = Name(label);
        return name.IndexOf(" (", StringComparison.Ordinal) is var cut and > 0 ? name[..cut] : name;
    }

    /// <summary>
    /// Place of a label in lists: as the catalog orders methods, whatever their kind; unknown ones last.
    /// </summary>
    public static (int Order, string Label) Rank(string label) =>
        (
            label.Length == 0 ? int.MinValue : MethodCatalog.Default.OfLabel(label)?.Attribute.Order ?? int.MaxValue,
            label
        );

    /// <summary>The kind of the method behind a label, in words.</summary>
    public static string KindOf(string label) =>
        MethodCatalog.Default.OfLabel(label) is { } method ? Singular(method.Kind) : "";

    private static string ParameterWords(MethodDescriptor? method, string parameter) =>
        method?.Parameters.FirstOrDefault(known => known.Name == parameter)?.Label.ToLowerInvariant() ?? parameter;

    private static string Spelt(string kind) =>
        kind.Length == 0 ? kind : char.ToUpperInvariant(kind[0]) + kind[1..].Replace('-', ' ');
}
