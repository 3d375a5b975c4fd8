using BackdoorLab.Data;
using BackdoorLab.Engine.Evaluation;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>
/// Attacks, or precisions, by defenses for a data set, network and poison rate; all of what is chosen is in the
/// address.
/// </summary>
public sealed partial class LeaderboardPage
{
    private static readonly string Usual = Metric.AttackSuccessRate.Id;
    private static readonly TimeSpan Cadence = TimeSpan.FromSeconds(5);
    private static readonly DialogOptions Wide = new()
    {
        CloseOnEscapeKey = true,
        MaxWidth = MaxWidth.Medium,
        FullWidth = true,
        CloseButton = true,
    };

    private BoardChoices? _choices;
    private BoardFilter? _filter;
    private BoardView? _view;
    private Exception? _fault;
    private string? _shown;

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Dataset)]
    private string? Dataset { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Model)]
    private string? Model { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Rate)]
    private string? Rate { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Rows)]
    private string? Rows { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Precision)]
    private string? Precision { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Attack)]
    private string? Attack { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Metric)]
    private string? MetricId { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Without)]
    private string? Without { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Twins)]
    private string? Twins { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Published)]
    private string? Published { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Taxonomy)]
    private string? Taxonomy { get; set; }

    [SupplyParameterFromQuery(Name = LeaderboardQuery.Pool)]
    private string? Pool { get; set; }

    [SupplyParameterFromQuery(Name = DamagedModels.Query)]
    private string? Damaged { get; set; }

    private bool ShowTwins => Twins != LeaderboardQuery.Off;

    private bool ShowPublished => Published == LeaderboardQuery.On;

    private bool ShowTaxonomy => Taxonomy == LeaderboardQuery.On;

    private string Sub => $"{BoardWords.Setting(_view!)} · {Numbers.Count(_view!.Board.Runs, "run")}";

    private string VictimText =>
        _view!.Metric.Victim == Victim.Benign ? "Measured on the benign twin."
        : ShowTwins && _view.Metric.Twin is { } twin
            ? $"Measured on the backdoored model; \"twin\" is the {twin.Name.ToLowerInvariant()} of the benign twin."
        : "Measured on the backdoored model.";

    private string SilentText =>
        _view!.Silent.Count == 0
            ? ""
            : $"Not shown, since they have no {_view.Metric.Metric.Name.ToLowerInvariant()}: {string.Join(", ", _view.Silent.Select(label => KindWords.Defense(label)))}.";

    protected override async Task OnParametersSetAsync()
    {
        Follow(null, Cadence);
        if (_shown != Navigation.Uri)
        {
            _shown = Navigation.Uri;
            await Load();
        }
    }

    protected override async Task Load()
    {
        try
        {
            // SQLite works on the calling thread, and this one belongs to the page.
            var wanted = _shown;
            var read = await Task.Run(Read, Gone);
            if (wanted == _shown)
            {
                (_choices, _filter, _view) = read;
                _fault = null;
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

    private async Task<(BoardChoices Choices, BoardFilter? Filter, BoardView? View)> Read()
    {
        var choices = await Results.ChoicesAsync(Dataset, Model, LeaderboardQuery.ParseRate(Rate), Gone);
        if (choices.Dataset is null)
        {
            return (choices, null, null);
        }

        var metric = BoardMetrics.Find(MetricId);
        var filter = LeaderboardQuery.Filter(choices, metric, Rows, Precision, Attack, Pool, Damaged);
        var board = await Results.ReadAsync(filter, Gone);
        var references =
            ShowPublished && filter.Rows == BoardRows.Attacks
                ? await References.FindAsync(filter.Dataset, filter.Model, filter.PoisonRate, Gone)
                : [];
        return (choices, filter, new BoardView(board, metric, LeaderboardQuery.Labels(Without), references));
    }

    private void Go(string name, string? value) =>
        Navigation.NavigateTo(
            Navigation.GetUriWithQueryParameter(name, string.IsNullOrEmpty(value) ? null : value),
            replace: true
        );

    private Task Open(BoardCell cell) =>
        Dialogs.ShowAsync<BoardCellDialog>(
            $"{KindWords.Defense(cell.Defense)}, {_view!.Name(cell.Row)}",
            new DialogParameters<BoardCellDialog>
            {
                { dialog => dialog.Board, _view!.Board },
                { dialog => dialog.Metric, _view.Metric },
                { dialog => dialog.Cell, cell },
            },
            Wide
        );

    private async Task RunMissing()
    {
        var dialog = await Dialogs.ShowAsync<MissingDialog>(
            "Run missing cells",
            new DialogParameters<MissingDialog> { { content => content.View, _view! } },
            Wide
        );
        if (await dialog.Result is { Canceled: false, Data: int count })
        {
            Snackbar.Add($"{Numbers.Count(count, "run")} queued; the board fills as they go on.", Severity.Info);
            await Load();
        }
    }
}
