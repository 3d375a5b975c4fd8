using BackdoorLab.Data;
using BackdoorLab.Web.Services;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace BackdoorLab.Web.Components.Pages;

/// <summary>The list of runs: filtered, sorted and paged by the database, with all of that in the address.</summary>
public sealed partial class RunList
{
    private const int PageSize = 25;

    private static readonly IEqualityComparer<RunItem> ById = EqualityComparer<RunItem>.Create((a, b) => a?.Id == b?.Id, run => run.Id.GetHashCode(StringComparison.Ordinal));

    private MudDataGrid<RunItem>? _grid;
    private FilterValues _values = new([], [], []);
    private Exception? _fault;
    private (string?, string?, string?, string?, string?)? _shown;
    private int _page;
    private int _total;
    private int _count;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Query { get; set; }

    [SupplyParameterFromQuery]
    private string? State { get; set; }

    [SupplyParameterFromQuery]
    private string? Dataset { get; set; }

    [SupplyParameterFromQuery]
    private string? Model { get; set; }

    [SupplyParameterFromQuery]
    private string? Attack { get; set; }

    /// <summary>Column, with a leading minus for descending.</summary>
    [SupplyParameterFromQuery]
    private string? Sort { get; set; }

    /// <summary>From 1.</summary>
    [SupplyParameterFromQuery]
    private int? Page { get; set; }

    [Inject]
    private ResultQueries Results { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private bool HasFilter => new[] { Query, State, Dataset, Model, Attack }.Any(value => !string.IsNullOrEmpty(value));

    private string Showing => _total == 0 ? "No runs" : $"Showing {(_page * PageSize) + 1}–{(_page * PageSize) + _count} of {Numbers.Count(_total, "run")}";

    private RunFilter Filter => new()
    {
        Text = Query,
        States = Enum.TryParse<RunState>(State, out var state) ? state == RunState.Running ? [state, RunState.Cancelling] : [state] : [],
        Dataset = Dataset,
        Model = Model,
        Attack = Attack,
    };

    protected override async Task OnParametersSetAsync()
    {
        Follow(null, TimeSpan.FromSeconds(2));
        var wanted = (Query, State, Dataset, Model, Attack);
        var first = _shown is null;
        var changed = !first && _shown != wanted;
        _shown = wanted;
        _page = Math.Max(0, (Page ?? 1) - 1);
        _values = await Results.FilterValuesAsync(Gone);
        if (changed)
        {
            await Reload();
        }
    }

    protected override async Task Load() => await Reload();

    private Task Reload() => _grid?.ReloadServerData() ?? Task.CompletedTask;

    private async Task<GridData<RunItem>> Fetch(GridState<RunItem> grid, CancellationToken cancellation)
    {
        var sort = grid.SortDefinitions.FirstOrDefault();
        var column = sort is null ? RunSort.Created : Column(sort.SortBy);
        var descending = sort?.Descending ?? true;
        try
        {
            var page = await Results.ListAsync(Filter, column, descending, _page, PageSize, cancellation);
            (_total, _count, _fault) = (page.Total, page.Items.Count, null);
            Remember(column, descending);
            await InvokeAsync(StateHasChanged);
            return new GridData<RunItem> { Items = page.Items, TotalItems = page.Total };
        }
        catch (Exception error) when (error is System.Data.Common.DbException or InvalidOperationException)
        {
            _fault = error;
            await InvokeAsync(StateHasChanged);
            return new GridData<RunItem> { Items = [], TotalItems = 0 };
        }
    }

    private void Remember(RunSort column, bool descending)
    {
        var sort = (column, descending) is (RunSort.Created, true) ? null : (descending ? "-" : "") + column;
        if (sort != Sort)
        {
            Navigation.NavigateTo(Address(sort: sort ?? ""), replace: true);
        }
    }

    private static RunSort Column(string property) =>
        property == nameof(RunItem.ElapsedSeconds) ? RunSort.Elapsed : Enum.TryParse<RunSort>(property, out var column) ? column : RunSort.Created;

    private SortDirection Initial(string column) =>
        Sort == column ? SortDirection.Ascending
        : Sort == "-" + column ? SortDirection.Descending
        : Sort is null && column == nameof(RunSort.Created) ? SortDirection.Descending
        : SortDirection.None;

    private string Address(string? query = null, string? state = null, string? dataset = null, string? model = null, string? attack = null, string? sort = null, int page = 1) => LabUrls.With(
        LabUrls.Runs,
        ("q", query ?? Query), ("state", state ?? State), ("dataset", dataset ?? Dataset), ("model", model ?? Model), ("attack", attack ?? Attack),
        ("sort", sort ?? Sort), ("page", page > 1 ? page : null));

    private void Go(string? query = null, string? state = null, string? dataset = null, string? model = null, string? attack = null) =>
        Navigation.NavigateTo(Address(query, state, dataset, model, attack));

    private async Task Turn(int by)
    {
        _page += by;
        Navigation.NavigateTo(Address(page: _page + 1));
        await Reload();
    }

    private void ClearFilters() => Go("", "", "", "", "");

    private IEnumerable<(string Name, string Text, Action Clear)> Chips()
    {
        (string Name, string? Value, Func<string, string> Words, Action Clear)[] all =
        [
            ("text", Query, text => text, () => Go(query: "")),
            ("state", State, StateText, () => Go(state: "")),
            ("data set", Dataset, KindWords.Label, () => Go(dataset: "")),
            ("model", Model, KindWords.Label, () => Go(model: "")),
            ("attack", Attack, KindWords.Label, () => Go(attack: "")),
        ];
        return all.Where(chip => !string.IsNullOrEmpty(chip.Value)).Select(chip => (chip.Name, chip.Words(chip.Value!), chip.Clear));
    }

    private static string StateText(string state) => Enum.TryParse<RunState>(state, out var known) ? RunWords.State(known) : state;

    private void Open(DataGridRowClickEventArgs<RunItem> click) => Navigation.NavigateTo(LabUrls.Run(click.Item.Id));

    private string Elapsed(RunItem run) => RunWords.Elapsed(run, Now) is > 0 and var seconds ? TimeWords.Duration(seconds) : "–";

    private static string Share(double? value) => value is { } share ? Numbers.Percent(share) : "–";
}
