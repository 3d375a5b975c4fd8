using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Shared.Specs;

/// <summary>
/// The fields of a spec that belong to no method, described as hyper-parameters so that the form draws them alike.
/// </summary>
public static class SpecFields
{
    /// <summary>Name, seed, twin, preflight, holdout.</summary>
    public static IReadOnlyList<ParameterDescriptor> All { get; } =
    [
        Field(nameof(ExperimentSpec.Name), "Name", ParameterKind.Text, "", "For people; does not influence results."),
        Field(
            nameof(ExperimentSpec.Seed),
            "Seed",
            ParameterKind.Integer,
            1,
            "Root of all random streams. Runs that differ in it alone, on the same data and with as many threads, are averaged together."
        ),
        Field(
            nameof(ExperimentSpec.BenignTwin),
            "Benign twin",
            ParameterKind.Flag,
            true,
            "Train the same model without poison and run everything on it too: false positives and needless harm."
        ),
        Field(
            nameof(ExperimentSpec.Preflight),
            "Planted controls",
            ParameterKind.Flag,
            false,
            "Before a detector's verdict counts, it must find a planted backdoor and stay quiet where there is none, on the model at hand."
        ),
        Field(
            nameof(ExperimentSpec.CleanHoldout),
            "Clean holdout",
            ParameterKind.Integer,
            1000,
            "Clean images the defender owns, taken from the test images, which are then not measured on."
        ),
    ];

    private static ParameterDescriptor Field(
        string property,
        string label,
        ParameterKind kind,
        object standard,
        string description
    )
    {
        var member = typeof(ExperimentSpec).GetProperty(property)!;
        var range = member.GetCustomAttribute<RangeAttribute>();
        return new ParameterDescriptor
        {
            Name = JsonNamingPolicy.CamelCase.ConvertName(property),
            Label = label,
            Kind = kind,
            Default = standard,
            Minimum = range is null
                ? null
                : Convert.ToDouble(range.Minimum, System.Globalization.CultureInfo.InvariantCulture),
            Maximum = range is null
                ? null
                : Convert.ToDouble(range.Maximum, System.Globalization.CultureInfo.InvariantCulture),
            Description = description,
            Property = member,
        };
    }
}
