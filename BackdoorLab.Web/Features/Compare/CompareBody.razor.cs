using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>Settings, numbers, curves and pictures of compared runs.</summary>
public sealed partial class CompareBody
{
    private const string BaselineQuery = "base";
    private const string VictimQuery = "victim";
    private const string PrecisionQuery = "precision";
    private const string SettingsQuery = "settings";
    private const string NumbersQuery = "numbers";
    private const string CurveQuery = "curve";
    private const string All = "all";

    private static readonly (string Value, string Text, string Title)[] Victims =
    [
        (VictimName.Of(Victim.Backdoored), "Backdoored", "The model trained on poisoned data"),
        (VictimName.Of(Victim.Benign), "Benign twin", "The same model trained without poison"),
    ];

    private static readonly (string Value, string Text, string Title)[] WithSuspects =
    [
        .. Victims,
        (VictimName.Of(Victim.Suspect), "From a file", "A model from a file, of which nothing is known"),
    ];

    private static readonly (string Value, string Text, string Title)[] CurveChoices =
    [
        .. CompareCurves.Measures.Select(measure => (measure.Id, measure.Text, measure.Axis)),
    ];

    private CompareView _view = null!;
    private ParallelPlot? _plot;
    private CurveMeasure _measure = CompareCurves.Measures[0];

    /// <summary>At least two runs.</summary>
    [Parameter, EditorRequired]
    public Comparison Comparison { get; set; } = null!;

    [CascadingParameter]
    public ShareScope? Share { get; set; }

    [SupplyParameterFromQuery(Name = BaselineQuery)]
    private string? BaselineId { get; set; }

    [SupplyParameterFromQuery(Name = VictimQuery)]
    private string? VictimText { get; set; }

    [SupplyParameterFromQuery(Name = PrecisionQuery)]
    private string? Precision { get; set; }

    [SupplyParameterFromQuery(Name = SettingsQuery)]
    private string? ShownSettings { get; set; }

    [SupplyParameterFromQuery(Name = NumbersQuery)]
    private string? ShownNumbers { get; set; }

    [SupplyParameterFromQuery(Name = CurveQuery)]
    private string? Curve { get; set; }

    private DateTime Now => Time.GetUtcNow().UtcDateTime;

    private bool AllSettings => ShownSettings == All;

    private bool AllNumbers => ShownNumbers == All;

    private string SettingsSub =>
        $"{_view.Settings.Count(row => row.Differs)} of {Numbers.Count(_view.Settings.Count, "setting")} {(_view.Settings.Count(row => row.Differs) == 1 ? "differs" : "differ")}";

    private (string Value, string Text, string Title)[] Models =>
        Comparison.Runs.Any(run => RunWords.IsCheck(run.Run)) ? WithSuspects : Victims;

    // Among checks alone there is no backdoored model to begin with.
    private Victim Chosen =>
        Models.Any(model => model.Value == VictimText) ? VictimName.Read(VictimText)!.Value
        : Comparison.Runs.All(run => RunWords.IsCheck(run.Run)) ? Victim.Suspect
        : Victim.Backdoored;

    protected override void OnParametersSet()
    {
        _measure = CompareCurves.Measures.FirstOrDefault(measure => measure.Id == Curve) ?? CompareCurves.Measures[0];
        _view = new CompareView(Comparison, BaselineId, Chosen, Precision, AllNumbers);
        _plot = ParallelPlot.Build(_view);
    }

    private string Baseline(string id)
    {
        var place = _view.Runs.ToList().FindIndex(run => run.Run.Id == id);
        return $"Baseline: {CompareView.Place(place)} {RunWords.Name(_view.Runs[place].Run)}, seed {_view.Runs[place].Run.Seed}";
    }

    private void Go(string name, string? value) =>
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(name, value), replace: true);
}
