using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>methods [--json] [--markdown FILE]</c>: every attack, defense, aggregation rule, model, data set and precision
/// with its parameters.
/// </summary>
public static class MethodsCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Machine-readable." };
        var markdown = new Option<FileInfo>("--markdown") { Description = "Write them as a page to this file." };
        var command = new Command(
            "methods",
            "List every attack, defense, aggregation rule, model, data set and precision with its parameters, and the presets."
        )
        {
            json,
            markdown,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(markdown) is { } file)
            {
                File.WriteAllText(file.FullName, MethodsDocument.Write(MethodCatalog.Default));
            }
            else if (parsed.GetValue(json))
            {
                WriteJson(Console.Out);
            }
            else
            {
                WriteText(Console.Out);
            }

            return 0;
        });
        return command;
    }

    private static void WriteText(TextWriter output)
    {
        foreach (var kind in MethodCatalog.Default.Listed.GroupBy(method => method.Kind))
        {
            output.WriteLine(kind.Key);
            foreach (var method in kind)
            {
                output.WriteLine($"  {method.Id}  {method.Name}. {method.Attribute.Summary}");
                foreach (var parameter in method.Parameters)
                {
                    output.WriteLine(
                        $"      {parameter.Name} = {Text(parameter.Default)}{Legal(parameter)}  {parameter.Description}"
                    );
                }
            }
        }

        output.WriteLine("preset");
        foreach (var preset in Presets.All)
        {
            output.WriteLine($"  {preset.Id}  {preset.Name}. {preset.Description}");
        }
    }

    private static void WriteJson(TextWriter output) =>
        output.WriteLine(
            JsonSerializer.Serialize(
                MethodCatalog.Default.Listed.Select(method => new
                {
                    method.Kind,
                    method.Id,
                    method.Name,
                    method.Attribute.Summary,
                    method.Attribute.Paper,
                    method.Attribute.Deviations,
                    Parameters = method.Parameters.Select(parameter => new
                    {
                        parameter.Name,
                        Kind = ParameterReader.Kebab(parameter.Kind.ToString()),
                        parameter.Default,
                        parameter.Minimum,
                        parameter.Maximum,
                        parameter.Choices,
                        parameter.Description,
                    }),
                }),
                SpecJson.Indented
            )
        );

    private static string Legal(ParameterDescriptor parameter) =>
        parameter.Kind switch
        {
            ParameterKind.Choice => $" ({string.Join(" | ", parameter.Choices)})",
            ParameterKind.Integer or ParameterKind.Number => FormattableString.Invariant(
                $" ({parameter.Minimum} to {parameter.Maximum})"
            ),
            _ => "",
        };

    private static string Text(object value) =>
        Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "\"\"";
}
