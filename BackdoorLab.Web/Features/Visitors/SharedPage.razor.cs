using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Web.Security;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.Visitors;

/// <summary>
/// What a share link opens: the pages of the lab for one thing, read-only. Decides what may be seen on every change of
/// the address, since the address is the visitor's.
/// </summary>
public sealed partial class SharedPage : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private ShareScope? _share;
    private IReadOnlyList<RunItem> _runs = [];
    private SharedView? _view;
    private string? _runId;
    private string? _studyId;
    private string? _dashboardId;
    private int _page;

    [Parameter, EditorRequired]
    public string Token { get; set; } = "";

    /// <summary>A run of what is shared.</summary>
    [SupplyParameterFromQuery]
    private string? Run { get; set; }

    /// <summary>Runs of what is shared, to be put side by side.</summary>
    [SupplyParameterFromQuery]
    private string? Compare { get; set; }

    /// <summary>Page of a shared view, from 1.</summary>
    [SupplyParameterFromQuery]
    private string? Page { get; set; }

    private bool Inner => _share!.Link.Kind != ShareKind.Run && (_runId is not null || !string.IsNullOrEmpty(Compare));

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override void OnInitialized() => _ = Watch(_gone.Token);

    protected override async Task OnParametersSetAsync()
    {
        // Not while the framework still tells components of the new address: those that come and go here are among the
        // told.
        await Task.Yield();
        if (await Store.FindOpenAsync(Token, _gone.Token) is not { } link)
        {
            Leave();
            return;
        }

        (_runId, _studyId, _dashboardId, _view, _runs) = (null, null, null, null, []);
        var wanted = link.Kind == ShareKind.Run ? link.Target : Run;
        if (wanted is not null)
        {
            _runId = await Store.ReachesAsync(link, wanted, _gone.Token) ? wanted : null;
        }
        else if (!string.IsNullOrEmpty(Compare))
        {
            _runs = await Reached(link, Compare.Split(',', StringSplitOptions.RemoveEmptyEntries));
        }
        else if (link.Kind == ShareKind.Comparison)
        {
            _runs = await Reached(link, link.Targets);
        }
        else if (link.Kind == ShareKind.View)
        {
            (_view, _page) = (
                SharedView.Read(link.Target),
                int.TryParse(Page, CultureInfo.InvariantCulture, out var page) ? Math.Max(0, page - 1) : 0
            );
        }
        else if (link.Kind == ShareKind.Dashboard)
        {
            _dashboardId =
                await Store.DashboardAsync(link.Target, _gone.Token) is { } dashboard && await Exists(dashboard.StudyId)
                    ? link.Target
                    : null;
        }
        else
        {
            _studyId = await Exists(link.Target) ? link.Target : null;
        }

        _share = new ShareScope(Token, link);
    }

    private async Task<bool> Exists(string studyId) =>
        await Studies.FindItemAsync(studyId, _gone.Token) is { Deleted: false };

    // Whatever the address asks for, the link decides what of it is seen.
    private async Task<IReadOnlyList<RunItem>> Reached(ShareItem link, IEnumerable<string> ids)
    {
        var runs = new List<RunItem>();
        foreach (var id in await Store.ReachedAsync(link, [.. ids.Distinct().Take(CompareQuery.MaxRuns)], _gone.Token))
        {
            if (await Results.FindItemAsync(id, _gone.Token) is { } run)
            {
                runs.Add(run);
            }
        }

        return runs;
    }

    // A link that is withdrawn also closes the windows that it has opened.
    private async Task Watch(CancellationToken gone)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Options.SessionCheckSeconds), Time);
        try
        {
            while (await timer.WaitForNextTickAsync(gone))
            {
                if (await Store.FindOpenAsync(Token, gone) is null)
                {
                    await InvokeAsync(Leave);
                    return;
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // The page has been left.
        }
    }

    private void Leave()
    {
        _share = null;
        StateHasChanged();
        Navigation.NavigateTo(LabUrls.Shared(Token), forceLoad: true);
    }
}
