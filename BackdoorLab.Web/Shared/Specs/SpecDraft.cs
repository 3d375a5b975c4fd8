using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Datasets;
using BackdoorLab.Engine.Defenses;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Engine.Federated;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Quantization;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Web.Shared.Specs;

/// <summary>
/// A spec being written: the JSON document itself, so that what is on screen is what will run, checked by the same
/// validator as a file on the command line after every change.
/// </summary>
public sealed class SpecDraft
{
    /// <summary>Sections that hold one method, in the order of the form.</summary>
    public static IReadOnlyList<DraftSection> Singles { get; } =
    [
        new("dataset", "Data set", typeof(DatasetSource)),
        new("model", "Model", typeof(ModelSource)),
        new("attack", "Attack", typeof(Attack)),
    ];

    /// <summary>Sections that hold several.</summary>
    public static IReadOnlyList<DraftSection> Lists { get; } =
    [new("precisions", "Precisions", typeof(Precision)), new("defenses", "Defenses", typeof(Defense))];

    /// <summary>Sections of a federation, each one method.</summary>
    public static IReadOnlyList<DraftSection> Federated { get; } =
    [
        new("federation.protocol", "Client protocol", typeof(ClientProtocol)),
        new("federation.aggregator", "Aggregation rule", typeof(Aggregator)),
        new("federation.attacker", "Attacker", typeof(AttackerBehaviour)),
    ];

    private SpecDraft(JsonObject document)
    {
        Document = document;
        Check();
    }

    /// <summary>The document.</summary>
    public JsonObject Document { get; }

    /// <summary>The spec, when the document has no fault.</summary>
    public ExperimentSpec? Spec { get; private set; }

    /// <summary>All that is wrong.</summary>
    public IReadOnlyList<SpecFault> Faults { get; private set; } = [];

    /// <summary>Grows with every change.</summary>
    public int Version { get; private set; }

    /// <summary>A draft with the first method of every kind and no defense.</summary>
    public static SpecDraft Blank()
    {
        var document = new JsonObject
        {
            ["schema"] = ExperimentSpec.CurrentSchema,
            ["name"] = "",
            ["seed"] = 1,
        };
        foreach (var section in Singles)
        {
            document[section.Path] = MethodCatalog.Default.Offered(section.Kind).FirstOrDefault() is { } first
                ? Default(first)
                : new JsonObject();
        }

        document["training"] = Defaults(ParameterReader.Read(typeof(TrainOptions)), null);
        document["precisions"] = new JsonArray([.. MethodCatalog.Default.Of<Precision>().Take(1).Select(Default)]);
        document["defenses"] = new JsonArray();
        document["benignTwin"] = true;
        document["cleanHoldout"] = 1000;
        return new SpecDraft(document);
    }

    /// <summary>A draft that repeats a spec; the document may have faults.</summary>
    public static SpecDraft From(string json)
    {
        var document = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("The spec is not a JSON object.");
        return new SpecDraft(document);
    }

    /// <summary>A draft that repeats a spec.</summary>
    public static SpecDraft From(ExperimentSpec spec) => From(SpecJson.Write(spec));

    /// <summary>The node at <c>attack.patchSize</c> or <c>defenses[2].classes</c>, or null.</summary>
    public JsonNode? At(string path)
    {
        JsonNode? node = Document;
        foreach (var step in Steps(path))
        {
            node = (node, step) switch
            {
                (JsonObject members, string name) => members[name],
                (JsonArray entries, int index) when index < entries.Count => entries[index],
                _ => null,
            };
        }

        return node;
    }

    /// <summary>Replaces the value at <paramref name="path"/>, whose parent must exist.</summary>
    public void Set(string path, JsonNode? value)
    {
        var cut = path.LastIndexOf('.');
        var (parent, name) = cut < 0 ? (Document, path) : (At(path[..cut]) as JsonObject, path[(cut + 1)..]);
        if (parent is not null)
        {
            parent[name] = value;
            Check();
        }
    }

    /// <summary>The chosen method of a section or entry, or null when its id is unknown.</summary>
    public MethodDescriptor? Method(string path) =>
        At(path) is JsonObject chosen && chosen["id"] is JsonValue value && value.TryGetValue(out string? id)
            ? MethodCatalog.Default.Find(id)
            : null;

    /// <summary>
    /// Puts another method with its defaults into a section; values that both have in common are kept.
    /// </summary>
    public void Choose(string section, MethodDescriptor method) => Set(section, Alternative(section, method));

    /// <summary>
    /// What <see cref="Choose"/> would put into a section; the method that is there already stays as it is.
    /// </summary>
    public JsonObject Alternative(string section, MethodDescriptor method)
    {
        var before = At(section) as JsonObject;
        if (Method(section)?.Id == method.Id)
        {
            return (JsonObject)before!.DeepClone();
        }

        var after = Default(method);
        foreach (var parameter in method.Parameters.Where(parameter => parameter.Property.DeclaringType != method.Type))
        {
            if (before?[parameter.Name] is { } kept)
            {
                after[parameter.Name] = kept.DeepClone();
            }
        }

        return after;
    }

    /// <summary>Whether clients train the model.</summary>
    public bool IsFederated => Document["federation"] is JsonObject;

    /// <summary>Turns federated training on with its defaults, or off.</summary>
    public void Federate(bool on)
    {
        Document.Remove("federation");
        if (on)
        {
            var federation = JsonSerializer.SerializeToNode(new Federation(), SpecJson.Options)!.AsObject();
            Document["federation"] = federation;
        }

        Check();
    }

    /// <summary>Lets trainings start from a file, or from fresh weights where it is null.</summary>
    public void StartFrom(StartingWeights? file)
    {
        Document.Remove("start");
        if (file is not null)
        {
            Document["start"] = JsonSerializer.SerializeToNode(file, SpecJson.Options);
        }

        Check();
    }

    /// <summary>Positions of the entries of <paramref name="list"/> with this method.</summary>
    public IReadOnlyList<int> Entries(string list, string id) =>
        Document[list] is JsonArray entries
            ? [.. Enumerable.Range(0, entries.Count).Where(i => Method($"{list}[{i}]")?.Id == id)]
            : [];

    /// <summary>Adds an entry with its defaults, after others of the same method, else in catalog order.</summary>
    public void Add(string list, MethodDescriptor method)
    {
        if (Document[list] is not JsonArray entries)
        {
            Document[list] = entries = [];
        }

        var order = MethodCatalog
            .Default.All.Select((known, i) => (known.Id, i))
            .ToDictionary(pair => pair.Id, pair => pair.i);
        var at = Enumerable
            .Range(0, entries.Count)
            .TakeWhile(i => Method($"{list}[{i}]") is { } other && order[other.Id] <= order[method.Id])
            .Count();
        entries.Insert(at, Default(method));
        Check();
    }

    /// <summary>Gives the method at <paramref name="path"/> all parameters of <paramref name="values"/>.</summary>
    public void Take(string path, Method values)
    {
        if (At(path) is JsonObject chosen)
        {
            foreach (var (name, value) in Members(values))
            {
                chosen[name] = value;
            }

            Check();
        }
    }

    /// <summary>
    /// Whether the method at <paramref name="path"/> has all parameters of <paramref name="values"/>.
    /// </summary>
    public bool Has(string path, Method values) =>
        At(path) is JsonObject chosen
        && Members(values).All(member => JsonNode.DeepEquals(chosen[member.Name], member.Value));

    /// <summary>Takes an entry out.</summary>
    public void Remove(string list, int index)
    {
        if (Document[list] is JsonArray entries && index < entries.Count)
        {
            entries.RemoveAt(index);
            Check();
        }
    }

    /// <summary>The data set as a record, when its part of the document is legal.</summary>
    public DatasetSource? Dataset() => Part<DatasetSource>("dataset");

    /// <summary>The attack as a record, when its part of the document is legal.</summary>
    public Attack? Attack() => Part<Attack>("attack");

    /// <summary>Faults exactly at <paramref name="path"/>.</summary>
    public IEnumerable<string> FaultsAt(string path) =>
        Faults.Where(fault => fault.Path == path).Select(fault => fault.Message);

    /// <summary>Faults at <paramref name="path"/> or below.</summary>
    public int FaultCount(string path) =>
        Faults.Count(fault =>
            fault.Path == path
            || fault.Path.StartsWith(path + ".", StringComparison.Ordinal)
            || fault.Path.StartsWith(path + "[", StringComparison.Ordinal)
        );

    /// <summary>A copy of a parameter's default in JSON.</summary>
    public static JsonNode DefaultValue(ParameterDescriptor parameter) =>
        parameter.Default switch
        {
            int number => JsonValue.Create(number),
            double number => JsonValue.Create(number),
            bool flag => JsonValue.Create(flag),
            var text => JsonValue.Create(text.ToString())!,
        };

    private T? Part<T>(string section)
        where T : class => FaultCount(section) == 0 ? Document[section].Deserialize<T>(SpecJson.Options) : null;

    private static IEnumerable<(string Name, JsonNode Value)> Members(Method values)
    {
        var method = MethodCatalog.Default.For(values);
        var given = JsonSerializer.SerializeToNode(values, SpecJson.Options)!.AsObject();

        // What is left out has its default.
        return method.Parameters.Select(parameter =>
            (parameter.Name, given[parameter.Name]?.DeepClone() ?? DefaultValue(parameter))
        );
    }

    private static JsonObject Default(MethodDescriptor method) => Defaults(method.Parameters, method.Id);

    private static JsonObject Defaults(IEnumerable<ParameterDescriptor> parameters, string? id)
    {
        var members = id is null ? [] : new JsonObject { ["id"] = id };
        foreach (var parameter in parameters)
        {
            members[parameter.Name] = DefaultValue(parameter);
        }

        return members;
    }

    private static IEnumerable<object> Steps(string path) =>
        path.Split('.')
            .SelectMany(part => part.Split('[', ']').Where(step => step.Length > 0))
            .Select(step => int.TryParse(step, out var index) ? (object)index : step);

    /// <summary>
    /// Takes in faults that only the files of the data set could tell; they stand until something is changed.
    /// </summary>
    public void Refuse(IReadOnlyList<SpecFault> faults)
    {
        (Spec, Faults) = (null, faults);
        Version++;
    }

    private void Check()
    {
        (Spec, Faults) = SpecJson.Read(Document);
        Version++;
    }
}

/// <summary>A part of the form.</summary>
/// <param name="Path">Member of the document.</param>
/// <param name="Title">On screen.</param>
/// <param name="Kind">What can be chosen.</param>
public sealed record DraftSection(string Path, string Title, Type Kind);
