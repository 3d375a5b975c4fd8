using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Addresses;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using MudBlazor;

namespace BackdoorLab.Web.Features.Runs;

/// <summary>
/// The list of runs: filtered, sorted, grouped and paged by the database, with all of that in the address.
/// </summary>
public sealed partial class RunList
{
    private static readonly IEqualityComparer<RunItem> ById = EqualityComparer<RunItem>.Create(
        (a, b) => a?.Id == b?.Id,
        run => run.Id.GetHashCode(StringComparison.Ordinal)
    );

    private readonly HashSet<string> _chosen = [];
    private MudDataGrid<RunItem>? _grid;
    private RunListState _state = new();
    private FilterValues _values = new([], [], []);
    private Exception? _fault;
    private IReadOnlyList<RunItem> _shown = [];
    private bool _all;
    private bool _sorted;
    private int _total;

    private bool PageChosen => _shown.Count > 0 && _shown.All(run => _chosen.Contains(run.Id));

    public override void Dispose()
    {
        Navigation.LocationChanged -= OnLocationChanged;
        base.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        // The address is the state: whatever changes it, a link, a filter or the browser's back button, is read here.
        Navigation.LocationChanged += OnLocationChanged;
        _state = RunListState.Read(new Uri(Navigation.Uri).Query);
        Follow(null, TimeSpan.FromSeconds(2));
        _values = await Facets.FilterValuesAsync(Gone);
    }

    // The feed says that runs have changed, so the data sets, models and attacks to choose from may have.
    protected override async Task Load() => await Refresh();

    private void OnLocationChanged(object? sender, LocationChangedEventArgs change)
    {
        var address = new Uri(change.Location);
        if (address.AbsolutePath != LabUrls.Runs)
        {
            return;
        }

        _ = InvokeAsync(async () =>
        {
            var next = RunListState.Read(address.Query);
            if (next.Address() == _state.Address())
            {
                return;
            }

            var sameRuns = next.SameRuns(_state);
            if (!sameRuns)
            {
                Unchoose();
            }

            var onlySort = (next with { Sort = _state.Sort }).Address() == _state.Address();
            _state = next;
            StateHasChanged();

            // The grid sorts before it writes the address; reading again would only repeat that.
            if (!onlySort)
            {
                await (sameRuns ? Reload() : Refresh());
            }
        });
    }

    private async Task Refresh()
    {
        try
        {
            _values = await Facets.FilterValuesAsync(Gone);
        }
        catch (System.Data.Common.DbException error)
        {
            _fault = error;
            return;
        }

        await Reload();
    }

    private Task Reload() => _grid?.ReloadServerData() ?? Task.CompletedTask;

    private async Task<GridData<RunItem>> Fetch(GridState<RunItem> grid, CancellationToken cancellation)
    {
        // Until somebody clicks a heading, the address decides: it also knows the order of several keys.
        var clicked = grid
            .SortDefinitions.OrderBy(sort => sort.Index)
            .Select(sort => new RunSortKey(Column(sort.SortBy), sort.Descending))
            .ToList();
        var keys = _sorted ? clicked : _state.Sort;
        _sorted = _sorted || grid.SortDefinitions.Count > 0 || _state.Sort.Count == 0;
        try
        {
            var page = await Results.ListAsync(_state.Filter, keys, _state.Page, RunListState.PageSize, cancellation);
            (_total, _shown, _fault) = (page.Total, page.Items, null);
            Remember(keys);
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

    private void Remember(IReadOnlyList<RunSortKey> keys)
    {
        var sort = keys is [{ Column: RunSort.Created, Descending: true }] ? [] : keys;
        if (!sort.SequenceEqual(_state.Sort))
        {
            _state = _state with { Sort = sort };
            Navigation.NavigateTo(_state.Address(), replace: true);
        }
    }

    private static RunSort Column(string property) =>
        property == nameof(RunItem.ElapsedSeconds) ? RunSort.Elapsed
        : Enum.TryParse<RunSort>(property, out var column) ? column
        : RunSort.Created;

    private SortDirection Initial(string column)
    {
        IReadOnlyList<RunSortKey> keys = _state.Sort.Count > 0 ? _state.Sort : [new(RunSort.Created, Descending: true)];
        return keys.FirstOrDefault(key => key.Column.ToString() == column) switch
        {
            null => SortDirection.None,
            { Descending: true } => SortDirection.Descending,
            _ => SortDirection.Ascending,
        };
    }

    private void Go(RunListState next) => Navigation.NavigateTo(next.Address());

    private string WithTag(string tag) =>
        (_state with { Query = $"{_state.Query} tag:{tag}".Trim(), Page = 0 }).Address();

    private void Choose(string id, bool chosen)
    {
        _all = false;
        _ = chosen ? _chosen.Add(id) : _chosen.Remove(id);
    }

    private void ChoosePage(bool chosen)
    {
        foreach (var run in _shown)
        {
            Choose(run.Id, chosen);
        }
    }

    private void Unchoose()
    {
        _chosen.Clear();
        _all = false;
    }

    private async Task Done()
    {
        await Refresh();
        Unchoose();
    }

    private void Open(DataGridRowClickEventArgs<RunItem> click) => Navigation.NavigateTo(LabUrls.Run(click.Item.Id));

    private string RowClass(RunItem run, int row) => _chosen.Contains(run.Id) ? "clickable chosen" : "clickable";

    private string Elapsed(RunItem run) =>
        RunWords.Elapsed(run, Now) is > 0 and var seconds ? TimeWords.Duration(seconds) : "–";
}
