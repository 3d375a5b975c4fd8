using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// The form of a study's document, before its experiments are looked at: every member's type, so that reading it cannot
/// fail.
/// </summary>
internal static class StudyDocument
{
    private static readonly IReadOnlyList<string> Members =
    [
        .. typeof(StudySpec)
            .GetProperties()
            .Where(member => member.SetMethod is not null)
            .Select(member => JsonNamingPolicy.CamelCase.ConvertName(member.Name)),
    ];

    /// <summary>Reads a document.</summary>
    /// <exception cref="SpecException">With all faults of its form.</exception>
    public static StudySpec Read(JsonNode? document)
    {
        if (document is not JsonObject root)
        {
            throw new SpecException([new("(document)", "must be a JSON object.")]);
        }

        var faults = Faults(root).ToList();
        if (faults.Count > 0)
        {
            throw new SpecException(faults);
        }

        var study = root.Deserialize<StudySpec>(SpecJson.Options)!;
        return study with
        {
            Name = PersonText.StudyName.Take(study.Name),
            Question = PersonText.Question.Take(study.Question),
        };
    }

    private static IEnumerable<SpecFault> Faults(JsonObject root)
    {
        foreach (var name in root.Select(member => member.Key).Where(name => !Members.Contains(name)))
        {
            yield return new(name, $"is unknown. Did you mean '{Nearest.To(name, Members)}'?");
        }

        foreach (var name in new[] { "name", "seeds", "experiment" }.Where(name => !root.ContainsKey(name)))
        {
            yield return new(name, "is missing.");
        }

        SpecFault?[] members =
        [
            Given(root, "schema", node => IsWhole(node) ? null : "must be a whole number"),
            Given(root, "name", node => Text(node, PersonText.StudyName)),
            Given(root, "question", node => Text(node, PersonText.Question)),
            Given(root, "paper", node => Text(node, PersonText.Parameter)),
            Given(
                root,
                "largestAccuracyLoss",
                node => node?.GetValueKind() == JsonValueKind.Number ? null : "must be a number"
            ),
            Given(
                root,
                "countDamaged",
                node =>
                    node?.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? null : "must be true or false"
            ),
            Given(root, "experiment", node => node is JsonObject ? null : "must be an object"),
            Given(
                root,
                "seeds",
                node => node is JsonArray seeds && seeds.All(IsWhole) ? null : "must be a list of whole numbers"
            ),
            Given(root, "axes", node => node is JsonArray ? null : "must be a list of axes"),
        ];
        foreach (var fault in members.OfType<SpecFault>().Concat(Axes(root["axes"] as JsonArray ?? [])))
        {
            yield return fault;
        }
    }

    private static IEnumerable<SpecFault> Axes(JsonArray axes)
    {
        for (var axis = 0; axis < axes.Count; axis++)
        {
            if (axes[axis] is not JsonArray values)
            {
                yield return new($"axes[{axis}]", $"must be a list of merge patches; found {Found(axes[axis])}.");
                continue;
            }

            for (var i = 0; i < values.Count; i++)
            {
                if (values[i] is not JsonObject)
                {
                    yield return new(
                        $"axes[{axis}][{i}]",
                        $"must be an object that is merged into the experiment; found {Found(values[i])}."
                    );
                }
            }
        }
    }

    private static SpecFault? Given(JsonObject root, string name, Func<JsonNode?, string?> check) =>
        root.TryGetPropertyValue(name, out var node) && check(node) is { } fault
            ? new(name, fault.EndsWith('.') ? fault : $"{fault}; found {Found(node)}.")
            : null;

    private static string? Text(JsonNode? node, PersonText text) =>
        node?.GetValueKind() == JsonValueKind.String ? text.Read(node.GetValue<string>()).Fault : "must be text";

    private static bool IsWhole(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int _);

    private static string Found(JsonNode? node) => Shortened.Of(node?.ToJsonString() ?? "null");
}
