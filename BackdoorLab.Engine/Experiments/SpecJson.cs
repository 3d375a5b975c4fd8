using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// The JSON form of specs, events and results. Strict: unknown members and ids are refused with the nearest known name,
/// and all faults are reported at once with their paths.
/// </summary>
public static class SpecJson
{
    /// <summary>
    /// Options for everything the engine writes: camelCase, kebab-case enums, methods as objects with an <c>id</c>.
    /// </summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions(false);

    /// <summary>The same, indented, for files that people read.</summary>
    public static JsonSerializerOptions Indented { get; } = MakeOptions(true);

    /// <summary>Parses and validates a spec.</summary>
    /// <param name="json">The document.</param>
    /// <exception cref="SpecException">With all faults.</exception>
    public static ExperimentSpec Parse(string json)
    {
        var (spec, faults) = Read(StrictJson.Parse(json));
        return faults.Count == 0 ? spec! : throw new SpecException(faults);
    }

    /// <summary>Validates a document and, when it has no fault, reads it. What a form calls on every change.</summary>
    public static (ExperimentSpec? Spec, IReadOnlyList<SpecFault> Faults) Read(JsonNode? document)
    {
        var faults = new SpecValidator(MethodCatalog.Default).Validate(document);
        if (faults.Count > 0)
        {
            return (null, faults);
        }

        var spec = document!.Deserialize<ExperimentSpec>(Options)!;
        return (spec with { Name = PersonText.RunName.Take(spec.Name) }, faults);
    }

    /// <summary>
    /// Writes a spec with every parameter spelt out, but for those that are omitted at their default.
    /// </summary>
    public static string Write(ExperimentSpec spec) => JsonSerializer.Serialize(spec, Indented);

    private static JsonSerializerOptions MakeOptions(bool indented) =>
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = indented,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,

            // The id of a method may stand anywhere in its object.
            AllowOutOfOrderMetadataProperties = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new JsonStringEnumConverter(new KebabPolicy()) },
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { AddMethods } },
        };

    private static void AddMethods(JsonTypeInfo info)
    {
        if (info.Kind != JsonTypeInfoKind.Object || !info.Type.IsAssignableTo(typeof(Method)))
        {
            return;
        }

        // Only init properties are parameters; computed ones (Shape, Needs) must not travel.
        foreach (var property in info.Properties.Where(property => property.Set is null).ToList())
        {
            info.Properties.Remove(property);
        }

        if (!info.Type.IsAbstract)
        {
            OmitDefaults(info);
        }
        else
        {
            info.PolymorphismOptions = new JsonPolymorphismOptions { TypeDiscriminatorPropertyName = "id" };
            foreach (var method in MethodCatalog.Default.Of(info.Type))
            {
                info.PolymorphismOptions.DerivedTypes.Add(new JsonDerivedType(method.Type, method.Id));
            }
        }
    }

    private static void OmitDefaults(JsonTypeInfo info)
    {
        var added = info
            .Properties.Where(property =>
                property.AttributeProvider?.IsDefined(typeof(OmittedAtDefaultAttribute), inherit: true) == true
            )
            .ToList();
        if (added.Count == 0)
        {
            return;
        }

        var defaults = Activator.CreateInstance(info.Type)!;
        foreach (var property in added)
        {
            var usual = property.Get!(defaults);
            property.ShouldSerialize = (_, value) => !Equals(value, usual);
        }
    }

    private sealed class KebabPolicy : JsonNamingPolicy
    {
        public override string ConvertName(string name) => ParameterReader.Kebab(name);
    }
}
