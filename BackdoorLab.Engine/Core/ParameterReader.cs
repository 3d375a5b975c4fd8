using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;
using System.Text.Json;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// Reads the parameters of a method record by reflection: the one place that maps C# declarations to JSON names and
/// words.
/// </summary>
public static class ParameterReader
{
    /// <summary>The parameters of a record type: its public <c>init</c> properties, inherited ones first.</summary>
    /// <exception cref="InvalidOperationException">A property has an unsupported type, or a number has no
    /// range.</exception>
    public static IReadOnlyList<ParameterDescriptor> Read(Type type)
    {
        var instance = (Method)Activator.CreateInstance(type)!;
        return
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.SetMethod is { IsPublic: true } && property.GetMethod is not null)
                .OrderBy(property => Depth(property.DeclaringType!))
                .ThenBy(property => property.MetadataToken)
                .Select(property => Describe(property, instance)),
        ];
    }

    /// <summary>The value of a parameter in the form of <see cref="ParameterDescriptor.Default"/>.</summary>
    public static object Value(ParameterDescriptor parameter, Method method) =>
        parameter.Property.GetValue(method) switch
        {
            Enum choice => Kebab(choice.ToString()),
            null => "",
            var value => value,
        };

    /// <summary>
    /// "AllToOne" becomes "all-to-one"; "ResNet18" becomes "res-net18"; "BFloat16" becomes "bfloat16".
    /// </summary>
    public static string Kebab(string name) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(name).Replace("b-float", "bfloat", StringComparison.Ordinal);

    private static ParameterDescriptor Describe(PropertyInfo property, Method instance)
    {
        var range = property.GetCustomAttribute<RangeAttribute>();
        var type = property.PropertyType;
        var kind =
            type == typeof(int) ? ParameterKind.Integer
            : type == typeof(double) ? ParameterKind.Number
            : type == typeof(bool) ? ParameterKind.Flag
            : type == typeof(string) ? ParameterKind.Text
            : type.IsEnum ? ParameterKind.Choice
            : throw new InvalidOperationException(
                $"{property.DeclaringType!.Name}.{property.Name}: {type.Name} is not a parameter type."
            );
        if (kind is ParameterKind.Integer or ParameterKind.Number && range is null)
        {
            throw new InvalidOperationException($"{property.DeclaringType!.Name}.{property.Name} needs a [Range].");
        }

        var parameter = new ParameterDescriptor
        {
            Name = JsonNamingPolicy.CamelCase.ConvertName(property.Name),
            Label = property.GetCustomAttribute<DisplayAttribute>()?.Name ?? Words(property.Name),
            Kind = kind,
            Default = "",
            Minimum = range is null
                ? null
                : Convert.ToDouble(range.Minimum, System.Globalization.CultureInfo.InvariantCulture),
            Maximum = range is null
                ? null
                : Convert.ToDouble(range.Maximum, System.Globalization.CultureInfo.InvariantCulture),
            Choices = type.IsEnum ? [.. Enum.GetNames(type).Select(Kebab)] : [],
            Description = property.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "",
            Property = property,
        };
        return parameter with { Default = Value(parameter, instance) };
    }

    private static int Depth(Type type) => type.BaseType is null ? 0 : 1 + Depth(type.BaseType);

    private static string Words(string name)
    {
        var words = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && words.Length > 0)
            {
                words.Append(' ');
            }

            words.Append(words.Length == 0 ? letter : char.ToLowerInvariant(letter));
        }

        return words.ToString();
    }
}
