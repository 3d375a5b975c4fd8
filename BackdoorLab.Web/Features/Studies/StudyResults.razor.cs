using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>What a study found. Setting, metric and rules are in the address of whatever page it stands on.</summary>
public sealed partial class StudyResults
{
    // More names than these do not fit into a glance.
    private const int MostPills = 6;
    private const string SettingQuery = "setting";
    private const string MetricQuery = "metric";
    private const string RulesQuery = "rules";
    private const string ReleasedRules = "released";

    private IReadOnlyList<(string Title, StudySetting Setting)> _settings = [];
    private IReadOnlyList<(string Value, string Text, string Title)> _choices = [];
    private Metric _metric = Metric.DetectionRate;
    private bool _released;
    private int _index;

    [Parameter, EditorRequired]
    public StudyReport Report { get; set; } = null!;

    /// <summary>From 1.</summary>
    [SupplyParameterFromQuery(Name = SettingQuery)]
    private string? SettingNumber { get; set; }

    [SupplyParameterFromQuery(Name = MetricQuery)]
    private string? MetricId { get; set; }

    [SupplyParameterFromQuery(Name = RulesQuery)]
    private string? Rules { get; set; }

    /// <summary>Absent on the lab's own pages.</summary>
    [CascadingParameter]
    public ShareScope? Share { get; set; }

    private (string Title, StudySetting Setting) Chosen => _settings[_index];

    protected override void OnParametersSet()
    {
        _settings = StudyReading.Settings(Report);
        if (_settings.Count == 0)
        {
            return;
        }

        _index =
            int.TryParse(SettingNumber, out var number) && number >= 1 && number <= _settings.Count ? number - 1 : 0;
        _released = Rules == ReleasedRules && StudyReading.HasReleased(Report);
        var metrics = StudyReading.Metrics(Chosen.Setting);
        _choices =
        [
            .. metrics.Select(choice =>
                (choice.Metric.Id, choice.Text, $"{choice.Metric.Name}: {choice.Metric.Definition}")
            ),
        ];
        _metric =
            metrics.Select(choice => choice.Metric).FirstOrDefault(metric => metric.Id == MetricId)
            ?? StudyReading.First(Chosen.Setting);
    }

    private string Address(string name, object? value) => Navigation.GetUriWithQueryParameter(name, value?.ToString());

    private Task Open(StudyCell cell) => StudyCellDialog.Show(Dialogs, cell, Chosen.Setting, _metric, Share);
}
