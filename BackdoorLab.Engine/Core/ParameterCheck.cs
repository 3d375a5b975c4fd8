using System.Text.Json;
using System.Text.Json.Nodes;

namespace BackdoorLab.Engine.Core;

/// <summary>Checks one JSON value against its parameter.</summary>
public static class ParameterCheck
{
    /// <summary>
    /// What is wrong with <paramref name="value"/> for this parameter: rule, value found, remedy; null when it is
    /// legal.
    /// </summary>
    public static string? Fault(ParameterDescriptor parameter, JsonNode? value)
    {
        var found = Shortened.Of(value?.ToJsonString() ?? "null");
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        switch (parameter.Kind)
        {
            case ParameterKind.Integer when kind != JsonValueKind.Number || !value!.AsValue().TryGetValue(out int _):
                return $"must be a whole number; found {found}.";
            case ParameterKind.Number when kind != JsonValueKind.Number:
                return $"must be a number; found {found}.";
            case ParameterKind.Flag when kind is not (JsonValueKind.True or JsonValueKind.False):
                return $"must be true or false; found {found}.";
            case ParameterKind.Text when kind != JsonValueKind.String:
                return $"must be text; found {found}.";
            case ParameterKind.Choice
                when kind != JsonValueKind.String || !parameter.Choices.Contains(value!.GetValue<string>()):
                var near =
                    kind == JsonValueKind.String
                        ? $" Did you mean '{Nearest.To(value!.GetValue<string>(), parameter.Choices)}'?"
                        : "";
                return $"must be one of {string.Join(", ", parameter.Choices)}; found {found}.{near}";
        }

        if (parameter.Kind is ParameterKind.Integer or ParameterKind.Number)
        {
            var number = value!.AsValue().TryGetValue(out int whole) ? whole : value.AsValue().GetValue<double>();
            if (number < parameter.Minimum || number > parameter.Maximum)
            {
                return FormattableString.Invariant(
                    $"must be from {parameter.Minimum} to {parameter.Maximum}; found {number}."
                );
            }
        }

        return parameter.Kind == ParameterKind.Text ? PersonText.Parameter.Read(value!.GetValue<string>()).Fault : null;
    }
}
