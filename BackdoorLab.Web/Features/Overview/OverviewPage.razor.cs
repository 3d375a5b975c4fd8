using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Security;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using Known = BackdoorLab.Results.Metric;

namespace BackdoorLab.Web.Features.Overview;

/// <summary>What is running, what came out, and the matrix defense x precision.</summary>
public sealed partial class OverviewPage
{
    private static readonly (string Value, string Text, string Title)[] MetricChoices =
    [
        .. new[]
        {
            Known.DetectionRate,
            Known.FalsePositiveRate,
            Known.SampleDetectionRate,
            Known.SampleFalsePositiveRate,
            Known.AttackSuccessRate,
            Known.CleanAccuracy,
        }.Select(metric => (metric.Id, metric.Name, metric.Definition)),
    ];

    private const int MostNext = 3;

    private static readonly TimeSpan Cadence = TimeSpan.FromSeconds(1);

    private IReadOnlyDictionary<RunState, int>? _counts;
    private IReadOnlyList<RunItem> _active = [];
    private IReadOnlyList<RunItem> _next = [];
    private int _waiting;
    private IReadOnlyList<RunItem> _latest = [];
    private FilterValues _values = new([], [], []);
    private ResultMatrix? _matrix;
    private ResultMatrix? _accuracy;
    private ResultMatrix? _attack;
    private Exception? _fault;
    private bool _starting;

    [SupplyParameterFromQuery(Name = "metric")]
    private string? MetricQuery { get; set; }

    [SupplyParameterFromQuery]
    private string? Dataset { get; set; }

    [SupplyParameterFromQuery]
    private string? Model { get; set; }

    [SupplyParameterFromQuery]
    private string? Attack { get; set; }

    [SupplyParameterFromQuery]
    private string? Condition { get; set; }

    [SupplyParameterFromQuery(Name = DamagedModels.Query)]
    private string? Damaged { get; set; }

    private string Metric =>
        MetricChoices.Any(choice => choice.Value == MetricQuery) ? MetricQuery! : Known.DetectionRate.Id;

    private Known Shown => MetricCatalog.Find(Metric);

    private bool OnTwin => Metric == Known.FalsePositiveRate.Id || Metric == Known.SampleFalsePositiveRate.Id;

    private bool HasFilter => (Dataset, Model, Attack) is not (null, null, null);

    private string VictimText => OnTwin ? "Measured on the benign twin." : "Measured on the backdoored model.";

    private string MatrixSub =>
        _matrix?.Condition is not { } condition
            ? ""
            : $"{ConditionTitles.Name(condition)} · {Numbers.Count(_matrix.Runs, "run")}";

    // Each condition by what sets it apart from the others of the list.
    private IReadOnlyDictionary<string, string> Conditions =>
        _matrix is null
            ? new Dictionary<string, string>()
            : _matrix
                .Conditions.Zip(ConditionTitles.Names(_matrix.Conditions))
                .ToDictionary(
                    entry => entry.First.Key,
                    entry => $"{entry.Second} ({Numbers.Count(entry.First.Seeds, "seed")})"
                );

    private string NowText => _waiting > MostNext ? $"{_active.Count} running, {_waiting} queued" : "";

    protected override void OnInitialized() => KeepTime(() => _active.Count > 0);

    protected override async Task OnParametersSetAsync()
    {
        Follow(null, Cadence);
        await Load();
    }

    protected override async Task Load()
    {
        try
        {
            _counts = await Facets.CountsAsync(Gone);
            _active = await Waiting.ActiveAsync(Gone);
            _next = await Waiting.QueueAsync(0, MostNext, Gone);
            _waiting = _counts.GetValueOrDefault(RunState.Queued);
            _latest = await Finished.LatestFinishedAsync(8, Gone);
            _values = await Facets.FilterValuesAsync(Gone);
            _values = _values with
            {
                Attacks = [.. _values.Attacks.Where(attack => attack != KnownLabels.UnknownAttack)],
            };
            var backdoored = new MatrixFilter
            {
                Dataset = Dataset,
                Model = Model,
                Attack = Attack,
                Condition = Condition,
                Damaged = Damaged == DamagedModels.Counted,
            };
            _matrix = await Matrices.ReadAsync(
                backdoored with
                {
                    Victim = OnTwin ? Victim.Benign : Victim.Backdoored,
                },
                Metric,
                Gone
            );
            backdoored = backdoored with { Condition = _matrix.Condition?.Key };
            _accuracy = await Matrices.ReadAsync(backdoored, Known.CleanAccuracy.Id, Gone);
            _attack = await Matrices.ReadAsync(backdoored, Known.AttackSuccessRate.Id, Gone);
            _fault = null;
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

    private string CellLink(MatrixCell cell) =>
        cell.RunIds.Count == 1
            ? LabUrls.Run(cell.RunIds[0], cell.Defense.Length > 0 ? "defenses" : null)
            : LabUrls.With(LabUrls.Runs, ("q", $"condition:{_matrix!.Condition!.Key}"));

    private void Go(
        string? metric = null,
        string? dataset = null,
        string? model = null,
        string? attack = null,
        string? condition = null,
        string? damaged = null
    ) =>
        Navigation.NavigateTo(
            LabUrls.With(
                LabUrls.Overview,
                ("metric", metric ?? MetricQuery),
                ("dataset", dataset ?? Dataset),
                ("model", model ?? Model),
                ("attack", attack ?? Attack),
                ("condition", condition ?? Condition),
                (DamagedModels.Query, damaged ?? Damaged)
            ),
            replace: true
        );

    private void ClearFilters() => Go(dataset: "", model: "", attack: "");

    private async Task RunDemo()
    {
        _starting = true;
        var runId = await Desk.Submit(Presets.Demo.Spec, cancellation: Gone);
        Navigation.NavigateTo(LabUrls.Run(runId));
    }
}
