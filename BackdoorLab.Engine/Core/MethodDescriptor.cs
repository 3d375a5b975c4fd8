namespace BackdoorLab.Engine.Core;

/// <summary>A discovered method: its attribute, its kind and its parameters.</summary>
public sealed record MethodDescriptor
{
    /// <summary>The record type.</summary>
    public required Type Type { get; init; }

    /// <summary>The kind's base type as a kebab-case word: "attack", "model-detector", "precision", ...</summary>
    public required string Kind { get; init; }

    /// <summary>What <see cref="MethodAttribute"/> says.</summary>
    public required MethodAttribute Attribute { get; init; }

    /// <summary>Hyper-parameters in declaration order, inherited ones first.</summary>
    public required IReadOnlyList<ParameterDescriptor> Parameters { get; init; }

    /// <summary>Metrics of its own that it reports (<see cref="Method.Numbers"/>).</summary>
    public required IReadOnlyList<Metric> Numbers { get; init; }

    /// <summary>Its place in the field's taxonomy (<see cref="Method.Traits"/>).</summary>
    public IReadOnlyList<MethodTrait> Traits => CreateDefault().Traits;

    /// <summary>Stable kebab-case identifier.</summary>
    public string Id => Attribute.Id;

    /// <summary>Name on screen.</summary>
    public string Name => Attribute.Name;

    /// <summary>A new instance with every parameter at its default.</summary>
    public Method CreateDefault() => (Method)Activator.CreateInstance(Type)!;
}
