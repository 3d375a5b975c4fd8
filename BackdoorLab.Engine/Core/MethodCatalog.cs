using System.Collections.Frozen;
using System.Reflection;

namespace BackdoorLab.Engine.Core;

/// <summary>Methods, discovered by a scan for sealed records with <see cref="MethodAttribute"/>. Immutable.</summary>
public sealed class MethodCatalog
{
    private static readonly Lock Gate = new();
    private static readonly List<Assembly> Included = [typeof(MethodCatalog).Assembly];
    private static MethodCatalog? _default;

    private readonly FrozenDictionary<Type, MethodDescriptor> _byType;

    private MethodCatalog(IEnumerable<MethodDescriptor> methods)
    {
        All =
        [
            .. methods
                .OrderBy(method => method.Kind)
                .ThenBy(method => method.Attribute.Order)
                .ThenBy(method => method.Name),
        ];
        _byType = All.ToFrozenDictionary(method => method.Type);
        Numbers = [.. All.SelectMany(method => method.Numbers).Distinct()];
        var twice = All.GroupBy(method => method.Id).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new InvalidOperationException(
                $"The method id '{twice.Key}' is used by {string.Join(" and ", twice.Select(method => method.Type.Name))}."
            );
        }

        var redefined = Numbers
            .Concat(Metric.Shared)
            .GroupBy(metric => metric.Id)
            .FirstOrDefault(group => group.Count() > 1);
        if (redefined is not null)
        {
            throw new InvalidOperationException($"The metric '{redefined.Key}' is declared with two meanings.");
        }
    }

    /// <summary>The methods of the engine, and of the assemblies that this program has included.</summary>
    public static MethodCatalog Default
    {
        get
        {
            lock (Gate)
            {
                return _default ??= Scan([.. Included]);
            }
        }
    }

    /// <summary>All methods, by kind, order, name.</summary>
    public IReadOnlyList<MethodDescriptor> All { get; }

    /// <summary>Metrics that methods declare, each once, in the order of <see cref="All"/>.</summary>
    public IReadOnlyList<Metric> Numbers { get; }

    /// <summary>All methods that lists and pages show, by kind, order, name.</summary>
    public IEnumerable<MethodDescriptor> Listed => All.Where(method => method.Attribute.Listed);

    /// <summary>
    /// Adds the methods of a further assembly to <see cref="Default"/>. To be called as a program starts: nothing is
    /// searched for and loaded, and whoever has read the catalog has decided by it.
    /// </summary>
    /// <exception cref="InvalidOperationException"><see cref="Default"/> has been read already.</exception>
    public static void Include(Assembly assembly)
    {
        lock (Gate)
        {
            if (_default is not null)
            {
                throw new InvalidOperationException(
                    $"The methods of {assembly.GetName().Name} come too late: the catalog has been read. "
                        + "Include them as the program starts."
                );
            }

            Included.Add(assembly);
        }
    }

    /// <summary>The methods of some assemblies.</summary>
    /// <exception cref="InvalidOperationException">Two methods have one id.</exception>
    public static MethodCatalog Scan(params IReadOnlyList<Assembly> assemblies) =>
        new(
            assemblies
                .Distinct()
                .SelectMany(assembly => assembly.GetTypes())
                .Where(type =>
                    type is { IsAbstract: false, IsSealed: true }
                    && type.IsAssignableTo(typeof(Method))
                    && type.GetCustomAttribute<MethodAttribute>() is not null
                )
                .Select(Describe)
        );

    /// <summary>Methods assignable to <typeparamref name="T"/>, in list order.</summary>
    public IEnumerable<MethodDescriptor> Of<T>()
        where T : Method => Of(typeof(T));

    /// <summary>Methods assignable to <paramref name="kind"/>, in list order.</summary>
    public IEnumerable<MethodDescriptor> Of(Type kind) => All.Where(method => method.Type.IsAssignableTo(kind));

    /// <summary>Methods assignable to <paramref name="kind"/> that forms offer, in list order.</summary>
    public IEnumerable<MethodDescriptor> Offered(Type kind) => Of(kind).Where(method => method.Attribute.Listed);

    /// <summary>The descriptor of a method's type.</summary>
    public MethodDescriptor For(Method method) => _byType[method.GetType()];

    /// <summary>The method with this id, or null.</summary>
    public MethodDescriptor? Find(string id) => All.FirstOrDefault(method => method.Id == id);

    /// <summary>
    /// The method that a label names (<see cref="Label"/>), whatever its settings; null when there is none.
    /// </summary>
    public MethodDescriptor? OfLabel(string label) => Find(MethodLabel.Of(label).Id);

    /// <summary>
    /// A short unique text for a configured method: its id, and the parameters that differ from their defaults in
    /// brackets: <c>int4[granularity=per-tensor]</c>. Names cells and grids.
    /// </summary>
    public string Label(Method method)
    {
        var settings = Changed(method)
            .Select(change =>
                KeyValuePair.Create(change.Parameter.Name, FormattableString.Invariant($"{change.Value}"))
            );
        return new MethodLabel(For(method).Id, [.. settings]).ToString();
    }

    /// <summary>The parameters of a configured method that differ from their defaults, with their values.</summary>
    public IEnumerable<(ParameterDescriptor Parameter, object? Value)> Changed(Method method) =>
        For(method)
            .Parameters.Select(parameter => (parameter, Value: (object?)ParameterReader.Value(parameter, method)))
            .Where(change => !Equals(change.Value, change.parameter.Default));

    private static MethodDescriptor Describe(Type type) =>
        new()
        {
            Type = type,
            Kind = KindOf(type),
            Attribute = type.GetCustomAttribute<MethodAttribute>()!,
            Parameters = ParameterReader.Read(type),
            Numbers = ((Method)Activator.CreateInstance(type)!).Numbers,
        };

    // Abstract records between a kind and a method share parameters; they are no kinds of their own.
    private static string KindOf(Type type)
    {
        var kind = type;
        while (
            kind.BaseType is { } parent
            && parent != typeof(Method)
            && !parent.IsDefined(typeof(MethodFamilyAttribute), inherit: false)
        )
        {
            kind = parent;
        }

        return ParameterReader.Kebab(kind.Name);
    }
}
