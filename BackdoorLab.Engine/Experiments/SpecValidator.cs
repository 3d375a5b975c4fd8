using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Checks a spec document against the catalog and reports every fault: unknown names, wrong types, ranges, duplicates,
/// and rules across fields.
/// </summary>
public sealed class SpecValidator(MethodCatalog catalog)
{
    private static readonly IReadOnlyList<PropertyInfo> Members =
    [
        .. typeof(ExperimentSpec).GetProperties().Where(member => member.SetMethod is not null),
    ];

    /// <summary>All faults of <paramref name="document"/>, in document order; empty when it can run.</summary>
    public IReadOnlyList<SpecFault> Validate(JsonNode? document)
    {
        if (document is not JsonObject root)
        {
            return [new SpecFault("(document)", "must be a JSON object.")];
        }

        var faults = new List<SpecFault>();
        RefuseUnknown(root, "", Members.Select(member => Camel(member.Name)), faults);
        Integer(root, nameof(ExperimentSpec.Schema), faults);
        Integer(root, nameof(ExperimentSpec.Seed), faults);
        Integer(root, nameof(ExperimentSpec.CleanHoldout), faults);
        Integer(root, nameof(ExperimentSpec.CellTimeLimit), faults);
        if (
            root["schema"] is JsonValue schema
            && schema.TryGetValue(out int version)
            && version != ExperimentSpec.CurrentSchema
        )
        {
            faults.Add(
                new(
                    "schema",
                    $"must be {ExperimentSpec.CurrentSchema}, not {version}; this program reads no other version."
                )
            );
        }

        Name(root, faults);
        Flag(root, "benignTwin", faults);
        Flag(root, "preflight", faults);
        var dataset = Method(root["dataset"], "dataset", typeof(DatasetSource), faults);
        Method(root["model"], "model", typeof(ModelSource), faults);
        Method(root["attack"], "attack", typeof(Attack), faults);
        if (root.TryGetPropertyValue("training", out var training))
        {
            Parameters(training, "training", ParameterReader.Read(typeof(TrainOptions)), false, faults);
        }

        if (root["federation"] is { } federation)
        {
            Federated(federation, faults);
        }

        if (root["suspect"] is { } suspect)
        {
            Parameters(suspect, "suspect", ParameterReader.Read(typeof(CheckedModel)), false, faults);
        }

        if (root["start"] is { } start)
        {
            Parameters(start, "start", ParameterReader.Read(typeof(StartingWeights)), false, faults);
        }

        Methods(root, "precisions", typeof(Precision), 1, faults);
        Methods(root, "defenses", typeof(Defense), 0, faults);
        if (faults.Count == 0)
        {
            AcrossFields(document.Deserialize<ExperimentSpec>(SpecJson.Options)!, dataset!, faults);
        }

        return faults;
    }

    private void Federated(JsonNode node, List<SpecFault> faults)
    {
        const string path = "federation";
        if (node is not JsonObject given)
        {
            faults.Add(new(path, "must be an object."));
            return;
        }

        RefuseUnknown(
            given,
            path + ".",
            typeof(Federation)
                .GetProperties()
                .Where(member => member.SetMethod is not null)
                .Select(member => Camel(member.Name)),
            faults
        );
        if (given.TryGetPropertyValue("simulation", out var simulation))
        {
            Parameters(simulation, path + ".simulation", ParameterReader.Read(typeof(Simulation)), false, faults);
        }

        foreach (
            var (name, kind) in new[]
            {
                ("protocol", typeof(ClientProtocol)),
                ("aggregator", typeof(Aggregator)),
                ("attacker", typeof(AttackerBehaviour)),
            }
        )
        {
            if (given.ContainsKey(name))
            {
                Method(given[name], $"{path}.{name}", kind, faults);
            }
        }
    }

    private void AcrossFields(ExperimentSpec spec, MethodDescriptor dataset, List<SpecFault> faults)
    {
        var shape = spec.Dataset.Shape;
        if (shape.Height > 0 && Math.Min(shape.Height, shape.Width) < spec.Model.SmallestSide)
        {
            faults.Add(
                new(
                    "model",
                    $"takes images from {spec.Model.SmallestSide} x {spec.Model.SmallestSide} pixels on; those of {dataset.Name} are {shape.Height} x {shape.Width}."
                )
            );
        }

        if (
            shape.Classes > 0
            && spec.Attack.Mapping == LabelMapping.AllToOne
            && spec.Attack.TargetLabel >= shape.Classes
        )
        {
            faults.Add(
                new(
                    "attack.targetLabel",
                    $"must be below {shape.Classes}, the number of classes of {dataset.Name}; found {spec.Attack.TargetLabel}."
                )
            );
        }

        faults.AddRange(spec.Origin.Faults());
        var test =
            spec.Dataset.TestLimit > 0 && shape.TestCount > 0
                ? Math.Min(spec.Dataset.TestLimit, shape.TestCount)
                : shape.TestCount;
        if (test > 0 && spec.CleanHoldout > test / 2)
        {
            faults.Add(
                new(
                    "cleanHoldout",
                    $"must be at most half of the {test} test images of {dataset.Name}, since the other half is measured on; found {spec.CleanHoldout}."
                )
            );
        }

        faults.AddRange(
            spec.Precisions.SelectMany(
                (precision, i) =>
                    precision.Conflicts.Select(fault => fault with { Path = $"precisions[{i}].{fault.Path}" })
            )
        );
        Duplicates("precisions", spec.Precisions, faults);
        Duplicates("defenses", spec.Defenses, faults);
    }

    private void Duplicates(string path, IReadOnlyList<Method> methods, List<SpecFault> faults)
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < methods.Count; i++)
        {
            if (!seen.Add(catalog.Label(methods[i])))
            {
                faults.Add(
                    new(
                        $"{path}[{i}]",
                        $"repeats '{catalog.Label(methods[i])}'; remove one or give it other parameters."
                    )
                );
            }
        }
    }

    private void Methods(JsonObject root, string name, Type kind, int least, List<SpecFault> faults)
    {
        if (root[name] is not JsonArray list)
        {
            faults.Add(
                new(name, $"must be a list of objects with an id{(root[name] is null ? "; it is missing." : ".")}")
            );
            return;
        }

        if (list.Count < least)
        {
            faults.Add(new(name, $"must have at least {least} entry."));
        }

        for (var i = 0; i < list.Count; i++)
        {
            Method(list[i], $"{name}[{i}]", kind, faults);
        }
    }

    private MethodDescriptor? Method(JsonNode? node, string path, Type kind, List<SpecFault> faults)
    {
        var known = catalog.Of(kind).ToList();
        var choices = string.Join(", ", known.Where(method => method.Attribute.Listed).Select(method => method.Id));
        if (node is not JsonObject chosen)
        {
            faults.Add(
                new(path, $"must be an object with an id, one of: {choices}{(node is null ? "; it is missing." : ".")}")
            );
            return null;
        }

        if (chosen["id"] is not JsonValue value || !value.TryGetValue(out string? id))
        {
            faults.Add(new(path + ".id", $"is missing; one of: {choices}."));
            return null;
        }

        var method = known.FirstOrDefault(method => method.Id == id);
        if (method is null)
        {
            faults.Add(
                new(
                    path + ".id",
                    $"'{Shortened.Of(id)}' is unknown. Did you mean '{Nearest.To(id, known.Select(method => method.Id))}'? Known: {choices}."
                )
            );
            return null;
        }

        Parameters(chosen, path, method.Parameters, true, faults);
        return method;
    }

    private static void Parameters(
        JsonNode? node,
        string path,
        IReadOnlyList<ParameterDescriptor> parameters,
        bool hasId,
        List<SpecFault> faults
    )
    {
        if (node is not JsonObject given)
        {
            faults.Add(new(path, "must be an object."));
            return;
        }

        var names = parameters.Select(parameter => parameter.Name);
        RefuseUnknown(given, path + ".", hasId ? names.Prepend("id") : names, faults);
        foreach (var parameter in parameters)
        {
            if (
                given.ContainsKey(parameter.Name) && ParameterCheck.Fault(parameter, given[parameter.Name]) is { } fault
            )
            {
                faults.Add(new($"{path}.{parameter.Name}", fault));
            }
        }
    }

    private static void RefuseUnknown(
        JsonObject given,
        string prefix,
        IEnumerable<string> known,
        List<SpecFault> faults
    )
    {
        var names = known.ToList();
        foreach (var (name, _) in given)
        {
            if (!names.Contains(name))
            {
                faults.Add(new(prefix + name, $"is unknown. Did you mean '{Nearest.To(name, names)}'?"));
            }
        }
    }

    private static void Integer(JsonObject root, string property, List<SpecFault> faults)
    {
        var name = Camel(property);
        if (!root.TryGetPropertyValue(name, out var node))
        {
            return;
        }

        var range = typeof(ExperimentSpec).GetProperty(property)!.GetCustomAttribute<RangeAttribute>();
        var found = Shortened.Of(node?.ToJsonString() ?? "null");
        if (node is not JsonValue value || !value.TryGetValue(out int number))
        {
            faults.Add(new(name, $"must be a whole number; found {found}."));
        }
        else if (range is not null && (number < (int)range.Minimum || number > (int)range.Maximum))
        {
            faults.Add(
                new(
                    name,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"must be from {range.Minimum} to {range.Maximum}; found {number}."
                    )
                )
            );
        }
    }

    private static void Name(JsonObject root, List<SpecFault> faults)
    {
        if (!root.TryGetPropertyValue("name", out var node))
        {
            return;
        }

        if (node?.GetValueKind() != JsonValueKind.String)
        {
            faults.Add(new("name", "must be text."));
        }
        else if (PersonText.RunName.Read(node.GetValue<string>()).Fault is { } fault)
        {
            faults.Add(new("name", fault));
        }
    }

    private static void Flag(JsonObject root, string name, List<SpecFault> faults)
    {
        if (
            root.TryGetPropertyValue(name, out var node)
            && node?.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False)
        )
        {
            faults.Add(new(name, $"must be true or false; found {Shortened.Of(node?.ToJsonString() ?? "null")}."));
        }
    }

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
}
