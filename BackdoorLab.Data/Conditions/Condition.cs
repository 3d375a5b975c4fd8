using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Data.Entities;

namespace BackdoorLab.Data.Conditions;

/// <summary>
/// What decides a number besides the seed; only numbers of one condition are averaged. <see cref="Setup"/> decides the
/// models: the spec without name, seed, precisions and defenses; the data by content, and not by the folder it came
/// from; threads and training arithmetic, with which sums round otherwise. A cell's condition is the setup with its
/// precision and its defense, each with all parameters, so that runs which differ in other cells share it. A member
/// that this program does not know belongs to the setup.
/// </summary>
internal sealed class Condition
{
    /// <summary>Member of the setup that says what the data is.</summary>
    public const string Data = "data";

    private const string Path = "path";
    private const string Undefended = "";

    // What decides no number, and what decides single cells.
    private static readonly string[] NotOfTheSetup =
    [
        "schema",
        "name",
        "description",
        "seed",
        "precisions",
        "defenses",
        "preflight",
        "benignTwin",
        "cellTimeLimit",
    ];

    private readonly Dictionary<string, ConditionPart> _precisions;
    private readonly Dictionary<string, ConditionPart> _defenses;

    private Condition(
        ConditionPart setup,
        IEnumerable<JsonNode> precisions,
        IEnumerable<JsonNode> defenses,
        IReadOnlyCollection<string> precisionLabels,
        IReadOnlyCollection<string> defenseLabels
    )
    {
        Setup = setup;
        _precisions = Match(precisions, precisionLabels);
        _defenses = Match(defenses, defenseLabels);
        _defenses[Undefended] = new(Undefended, "");
    }

    /// <summary>What decides the models.</summary>
    public ConditionPart Setup { get; }

    /// <summary>Reads a spec.</summary>
    /// <param name="specJson">The spec; one that is no JSON object is a condition by its text.</param>
    /// <param name="data">The data by content; null leaves the data set's parameters to tell it.</param>
    /// <param name="environment">What the run reported of the machine; empty before it started.</param>
    /// <param name="cells">The cells whose parts will be asked for.</param>
    public static Condition Of(
        string specJson,
        DataContent? data,
        IReadOnlyDictionary<string, string> environment,
        IEnumerable<(string Precision, string Defense)> cells
    )
    {
        var labels = cells.ToList();
        string[] precisions = [.. labels.Select(cell => cell.Precision).Distinct()];
        string[] defenses = [.. labels.Select(cell => cell.Defense).Where(label => label != Undefended).Distinct()];
        if (Parse(specJson) is not { } spec)
        {
            return new(new(Hash(specJson), "{}"), [], [], precisions, defenses);
        }

        var setup = new JsonObject();
        foreach (var (name, value) in spec.Where(member => !NotOfTheSetup.Contains(member.Key)))
        {
            setup[name] = value?.DeepClone();
        }

        if (environment.GetValueOrDefault("threads") is { } threads)
        {
            setup["threads"] = int.TryParse(threads, CultureInfo.InvariantCulture, out var count) ? count : threads;
        }

        // "Auto" is another arithmetic on a processor with other instructions.
        if (
            setup["training"] is JsonObject training
            && Text(training["precision"]) == "auto"
            && environment.GetValueOrDefault("bfloat16Instructions") is { } instructions
        )
        {
            training["precision"] = instructions == "yes" ? "bfloat16" : "float32";
        }

        var hashed = setup;
        if (data is not null)
        {
            setup[Data] = new JsonObject
            {
                ["classes"] = data.Classes,
                ["source"] = data.Source,
                ["testImages"] = data.TestImages,
                ["trainImages"] = data.TrainImages,
            };
            hashed = setup.DeepClone().AsObject();
            (hashed["dataset"] as JsonObject)?.Remove(Path);
        }

        return new(
            new(Hash(Canonical(hashed)), Canonical(setup)),
            Methods(spec["precisions"], preflight: false),
            Methods(
                spec["defenses"],
                preflight: spec["preflight"] is JsonValue flag && flag.TryGetValue<bool>(out var on) && on
            ),
            precisions,
            defenses
        );
    }

    /// <summary>A precision with all its parameters.</summary>
    public ConditionPart Precision(string label) => _precisions.GetValueOrDefault(label) ?? Unknown(label);

    /// <summary>A defense with all its parameters; its key is empty for the undefended model.</summary>
    public ConditionPart Defense(string label) => _defenses.GetValueOrDefault(label) ?? Unknown(label);

    /// <summary>
    /// The key of a condition whose members are known: rows that a reader pools have one of their own.
    /// </summary>
    public static string KeyOf(JsonNode condition) => Hash(Canonical(condition));

    /// <summary>A part as an object; empty where it is none.</summary>
    public static JsonObject Read(string json) => Parse(json) ?? [];

    private static ConditionPart Unknown(string label) => new(Hash(label), "{}");

    private static IEnumerable<JsonNode> Methods(JsonNode? list, bool preflight) =>
        (list as JsonArray ?? [])
            .OfType<JsonObject>()
            .Select(method =>
            {
                var own = method.DeepClone().AsObject();
                if (preflight)
                {
                    own["preflight"] = true;
                }

                return (JsonNode)own;
            });

    // A label is an id with the parameters that differed from their defaults when it was made:
    // "int4[granularity=per-tensor]". Those with the most parameters choose first; what is left is the one whose label
    // says less.
    private static Dictionary<string, ConditionPart> Match(IEnumerable<JsonNode> methods, IEnumerable<string> labels)
    {
        var free = methods.ToList();
        var found = new Dictionary<string, ConditionPart>();
        foreach (var (label, id, pairs) in labels.Select(Split).OrderByDescending(label => label.Pairs.Count))
        {
            var method = free.Find(method =>
                Text(method["id"]) == id && pairs.All(pair => Same(method[pair.Name], pair.Value))
            );
            if (method is not null)
            {
                free.Remove(method);
                var text = Canonical(method);
                found[label] = new(Hash(text), text);
            }
        }

        return found;
    }

    private static (string Label, string Id, List<(string Name, string Value)> Pairs) Split(string label)
    {
        var read = MethodLabel.Of(label);
        return (label, read.Id, [.. read.Settings.Select(setting => (setting.Key, setting.Value))]);
    }

    private static bool Same(JsonNode? value, string text) =>
        string.Equals(Text(value), text, StringComparison.OrdinalIgnoreCase)
        || (
            double.TryParse(Text(value), CultureInfo.InvariantCulture, out var one)
            && double.TryParse(text, CultureInfo.InvariantCulture, out var other)
            && one.Equals(other)
        );

    private static string Text(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value?.ToJsonString() ?? "";

    private static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json, null, new JsonDocumentOptions { AllowDuplicateProperties = false })
                as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Members in order of their names, numbers as the shortest text of their value.</summary>
    private static string Canonical(JsonNode? node) =>
        node switch
        {
            JsonObject branch => "{"
                + string.Join(
                    ',',
                    branch
                        .OrderBy(member => member.Key, StringComparer.Ordinal)
                        .Select(member => $"{JsonSerializer.Serialize(member.Key)}:{Canonical(member.Value)}")
                )
                + "}",
            JsonArray list => "[" + string.Join(',', list.Select(Canonical)) + "]",
            null => "null",
            _ when node.GetValueKind() == JsonValueKind.Number
                    && double.TryParse(node.ToJsonString(), CultureInfo.InvariantCulture, out var number) =>
                number.ToString("R", CultureInfo.InvariantCulture),
            _ => node.ToJsonString(),
        };

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..ConditionText.KeyLength];
}

/// <summary>A part of a condition.</summary>
/// <param name="Key">Hash of what decides numbers.</param>
/// <param name="Json">The part in words of the spec.</param>
internal sealed record ConditionPart(string Key, string Json);
