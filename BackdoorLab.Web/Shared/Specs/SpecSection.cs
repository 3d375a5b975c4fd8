using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Web.Shared.Specs;

/// <summary>A part of a spec as a list of values.</summary>
/// <param name="Group">What part it is: "Attack", "Defense".</param>
/// <param name="Method">Name of the method chosen there; empty where the part is no choice of one.</param>
/// <param name="OneOfMany">Whether a spec has a list of such parts.</param>
/// <param name="Lines">Its values.</param>
public sealed record SpecSection(string Group, string Method, bool OneOfMany, IReadOnlyList<SpecLine> Lines)
{
    /// <summary>"Attack: BadNets".</summary>
    public string Title => Method.Length > 0 ? $"{Group}: {Method}" : Group;

    /// <summary>
    /// The parts of a spec's document. Reads documents of other versions too: what is unknown is shown as it is.
    /// </summary>
    public static IReadOnlyList<SpecSection> Read(string json)
    {
        if (Parse(json) is not { } document)
        {
            return [];
        }

        var sections = new List<SpecSection>
        {
            new(
                "Run",
                "",
                false,
                [
                    .. document
                        .Where(member => member.Value is not (JsonObject or JsonArray))
                        .Select(member => new SpecLine(member.Key, Text(member.Value), "", "", false)),
                ]
            ),
        };

        // Of a model from a file no attack is known and nothing was trained: the members that stand there mean nothing.
        var check = document["suspect"] is JsonObject;
        Add(sections, "Model from a file", document["suspect"], ParameterReader.Read(typeof(CheckedModel)));
        Add(sections, "Start from a file", document["start"], ParameterReader.Read(typeof(StartingWeights)));
        foreach (var section in SpecDraft.Singles.Where(section => !check || section.Path != "attack"))
        {
            Add(sections, section.Title, document[section.Path]);
        }

        Add(sections, "Training", check ? null : document["training"], ParameterReader.Read(typeof(TrainOptions)));
        Add(sections, "Federation", document["federation"]?["simulation"], ParameterReader.Read(typeof(Simulation)));
        foreach (var section in SpecDraft.Federated)
        {
            Add(sections, section.Title, document["federation"]?[section.Path.Split('.')[1]]);
        }

        foreach (var section in SpecDraft.Lists)
        {
            foreach (var entry in document[section.Path] as JsonArray ?? [])
            {
                Add(sections, section.Path == "precisions" ? "Precision" : "Defense", entry, oneOfMany: true);
            }
        }

        return sections;
    }

    private static void Add(
        List<SpecSection> sections,
        string group,
        JsonNode? node,
        IReadOnlyList<ParameterDescriptor>? parameters = null,
        bool oneOfMany = false
    )
    {
        if (node is not JsonObject members)
        {
            return;
        }

        var method = members["id"] is JsonValue id ? MethodCatalog.Default.Find(id.ToString()) : null;
        parameters ??= method?.Parameters ?? [];
        var lines = members
            .Where(member => member.Key != "id")
            .Select(member =>
                Line(member.Key, member.Value, parameters.FirstOrDefault(parameter => parameter.Name == member.Key))
            );
        sections.Add(
            new(group, members["id"] is { } name ? method?.Name ?? name.ToString() : "", oneOfMany, [.. lines])
        );
    }

    private static SpecLine Line(string name, JsonNode? value, ParameterDescriptor? parameter)
    {
        if (parameter is null)
        {
            return new(name, Text(value), "", "", false);
        }

        var standard = SpecDraft.DefaultValue(parameter);
        var same =
            value?.GetValueKind() == JsonValueKind.Number && standard.GetValueKind() == JsonValueKind.Number
                ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
                    == double.Parse(standard.ToJsonString(), CultureInfo.InvariantCulture)
                : JsonNode.DeepEquals(value, standard);
        return new(parameter.Label, Text(value), Text(standard), parameter.Description, !same);
    }

    private static string Text(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value?.ToJsonString() ?? "";

    internal static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>One value of a spec.</summary>
public sealed record SpecLine(string Label, string Value, string Default, string Description, bool Changed);
