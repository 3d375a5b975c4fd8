using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Shared.Specs;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.RunForm;

/// <summary>
/// A labelled control for one hyper-parameter; reports what was typed even when it is wrong, so that the validator can
/// say why.
/// </summary>
public sealed partial class ParameterField
{
    private NumberScale? _scale;

    /// <summary>What to draw.</summary>
    [Parameter, EditorRequired]
    public ParameterDescriptor Parameter { get; set; } = null!;

    /// <summary>Path of the parameter in the document; names the control.</summary>
    [Parameter, EditorRequired]
    public string Path { get; set; } = "";

    /// <summary>Value in the document; null stands for the default.</summary>
    [Parameter]
    public JsonNode? Value { get; set; }

    /// <summary>What is wrong with it; empty when nothing is.</summary>
    [Parameter]
    public string Fault { get; set; } = "";

    [Parameter]
    public EventCallback<JsonNode?> OnChange { get; set; }

    private string Id => "f-" + Path.Replace('.', '-').Replace('[', '-').Replace("]", "", StringComparison.Ordinal);

    private string HelpId => Id + "-help";

    private string Invalid => Fault.Length > 0 ? "true" : "false";

    private JsonNode Current => Value ?? SpecDraft.DefaultValue(Parameter);

    private string Text =>
        Current.GetValueKind() == JsonValueKind.String ? Current.GetValue<string>() : Current.ToJsonString();

    private bool IsOn => Current.GetValueKind() == JsonValueKind.True;

    private double? Number =>
        Current.GetValueKind() == JsonValueKind.Number
        && double.TryParse(Current.ToJsonString(), CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    // An empty default is no recommendation to go back to.
    private bool HasDefault => Parameter.Default is not "";

    private bool Changed =>
        HasDefault
        && (
            Parameter.Kind is ParameterKind.Integer or ParameterKind.Number
                ? Number != Convert.ToDouble(Parameter.Default, CultureInfo.InvariantCulture)
                : !JsonNode.DeepEquals(Current, SpecDraft.DefaultValue(Parameter))
        );

    private string DefaultText =>
        Parameter.Default switch
        {
            bool flag => flag ? "on" : "off",
            string choice when Parameter.Kind == ParameterKind.Choice => ChoiceWords(choice),
            var value => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };

    private string RangeText =>
        Parameter is { Minimum: { } low, Maximum: { } high }
            ? string.Create(CultureInfo.InvariantCulture, $", range {low:#,0.######} to {high:#,0.######}")
            : "";

    /// <summary>"all-to-one" as "All to one"; short technical words keep their form.</summary>
    internal static string ChoiceWords(string choice) =>
        choice.Length switch
        {
            0 => "(none)",
            <= 4 => choice.ToUpperInvariant(),
            _ => char.ToUpperInvariant(choice[0]) + choice[1..].Replace('-', ' '),
        };

    protected override void OnParametersSet() => _scale = NumberScale.For(Parameter);

    private JsonNode ParseNumber(string? typed) =>
        Parameter.Kind == ParameterKind.Integer
        && int.TryParse(typed, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole)
            ? JsonValue.Create(whole)
        : double.TryParse(typed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? JsonValue.Create(number)
        : JsonValue.Create(typed ?? "")!;

    private Task Slide(ChangeEventArgs args)
    {
        var value = _scale!.Value(int.Parse(args.Value!.ToString()!, CultureInfo.InvariantCulture));
        return Set(Parameter.Kind == ParameterKind.Integer ? JsonValue.Create((int)value) : JsonValue.Create(value));
    }

    private Task Reset() => Set(SpecDraft.DefaultValue(Parameter));

    private Task Set(JsonNode? value) => OnChange.InvokeAsync(value);
}
