using System.Globalization;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>What a table of parameters says of one.</summary>
public static class ParameterWords
{
    /// <summary>The default.</summary>
    public static string Default(ParameterDescriptor parameter) =>
        parameter.Default switch
        {
            bool flag => flag ? "on" : "off",
            "" => "(empty)",
            var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };

    /// <summary>The legal values.</summary>
    public static string Range(ParameterDescriptor parameter) =>
        parameter switch
        {
            { Choices.Count: > 0 } => string.Join(", ", parameter.Choices),
            { Minimum: { } low, Maximum: { } high } => string.Create(
                CultureInfo.InvariantCulture,
                $"{low:#,0.######} to {high:#,0.######}"
            ),
            { Kind: ParameterKind.Flag } => "on, off",
            _ => "text",
        };
}
