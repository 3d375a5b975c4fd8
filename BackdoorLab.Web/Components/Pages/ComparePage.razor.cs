using BackdoorLab.Data;
using BackdoorLab.Web.Components.Charts;
using BackdoorLab.Web.Services;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Components.Pages;

/// <summary>Runs side by side; which, against which, and what of them is in the address.</summary>
public sealed partial class ComparePage
{
    private const string BaselineQuery = "base";
    private const string VictimQuery = "victim";
    private const string PrecisionQuery = "precision";
    private const string SettingsQuery = "settings";
    private const string NumbersQuery = "numbers";
    private const string CurveQuery = "curve";
    private const string All = "all";

    // More names than these would push what they name off the screen.
    private const int MostChips = 12;

    private static readonly (string Value, string Text, string Title)[] Victims =
    [
        (ResultWords.Backdoored, "Backdoored", "The model trained on poisoned data"), (ResultWords.Benign, "Benign twin", "The same model trained without poison"),
    ];

    private static readonly (string Value, string Text, string Title)[] CurveChoices =
        [.. CompareCurves.Measures.Select(measure => (measure.Id, measure.Text, measure.Axis))];

    private Comparison? _comparison;
    private CompareView? _view;
    private ParallelPlot? _plot;
    private CurveMeasure _measure = CompareCurves.Measures[0];
    private Exception? _fault;
    private string? _read;
    private int _tooMany;

    [SupplyParameterFromQuery]
    private string? Ids { get; set; }

    [SupplyParameterFromQuery(Name = BaselineQuery)]
    private string? BaselineId { get; set; }

    [SupplyParameterFromQuery(Name = VictimQuery)]
    private string? Victim { get; set; }

    [SupplyParameterFromQuery(Name = PrecisionQuery)]
    private string? Precision { get; set; }

    [SupplyParameterFromQuery(Name = SettingsQuery)]
    private string? ShownSettings { get; set; }

    [SupplyParameterFromQuery(Name = NumbersQuery)]
    private string? ShownNumbers { get; set; }

    [SupplyParameterFromQuery(Name = CurveQuery)]
    private string? Curve { get; set; }

    [Inject]
    private ResultQueries Results { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private bool AllSettings => ShownSettings == All;

    private bool AllNumbers => ShownNumbers == All;

    private IReadOnlyList<string> Chosen => [.. (Ids ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];

    private string SettingsSub => $"{_view!.Settings.Count(row => row.Differs)} of {Numbers.Count(_view.Settings.Count, "setting")} {(_view.Settings.Count(row => row.Differs) == 1 ? "differs" : "differ")}";

    protected override async Task OnParametersSetAsync()
    {
        // What has ended does not change; runs under way are few, and following them would redraw a hundred columns.
        if (_comparison is null || _read != Ids)
        {
            await Load();
        }
        else
        {
            Arrange();
        }
    }

    protected override async Task Load()
    {
        try
        {
            var wanted = Ids;
            var chosen = Chosen;

            // SQLite works on the calling thread, and this one belongs to the page.
            var comparison = await Task.Run(() => Results.CompareAsync([.. chosen.Take(ResultQueries.MaxCompared)], Gone), Gone);
            if (wanted == Ids)
            {
                (_comparison, _read, _fault) = (comparison, wanted, null);
                _tooMany = Math.Max(0, chosen.Count - ResultQueries.MaxCompared);
                Arrange();
            }
        }
        catch (OperationCanceledException)
        {
            // The page is being left.
        }
        catch (Exception error) when (error is System.Data.Common.DbException or InvalidOperationException)
        {
            _fault = error;
        }
    }

    private void Arrange()
    {
        _measure = CompareCurves.Measures.FirstOrDefault(measure => measure.Id == Curve) ?? CompareCurves.Measures[0];
        _view = new CompareView(_comparison!, BaselineId, Victim == ResultWords.Benign ? ResultWords.Benign : ResultWords.Backdoored, Precision, AllNumbers);
        _plot = _view.Runs.Count > 1 ? ParallelPlot.Build(_view) : null;
    }

    private string Baseline(string id)
    {
        var place = _view!.Runs.ToList().FindIndex(run => run.Run.Id == id);
        return $"Baseline: {CompareView.Place(place)} {RunWords.Name(_view.Runs[place].Run)}, seed {_view.Runs[place].Run.Seed}";
    }

    private void Add(string id) => Show([.. Chosen, id]);

    private void Show(IEnumerable<string> ids)
    {
        var list = string.Join(',', ids);
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("ids", list.Length > 0 ? list : null), replace: true);
    }

    private void Go(string name, string? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(name, value), replace: true);
}
