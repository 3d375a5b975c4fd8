using BackdoorLab.Data;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>Runs side by side; which, against which, and what of them is in the address.</summary>
public sealed partial class ComparePage
{
    // More names than these would push what they name off the screen.
    private const int MostChips = 12;

    private Comparison? _comparison;
    private Exception? _fault;
    private string? _read;
    private int _tooMany;

    [SupplyParameterFromQuery]
    private string? Ids { get; set; }

    private IReadOnlyList<string> Chosen =>
        [.. (Ids ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];

    protected override async Task OnParametersSetAsync()
    {
        // What has ended does not change; runs under way are few, and following them would redraw a hundred columns.
        if (_comparison is null || _read != Ids)
        {
            await Load();
        }
    }

    protected override async Task Load()
    {
        try
        {
            var wanted = Ids;
            var chosen = Chosen;

            // SQLite works on the calling thread, and this one belongs to the page.
            var comparison = await Task.Run(
                () => Results.ReadAsync([.. chosen.Take(CompareQuery.MaxRuns)], Gone),
                Gone
            );
            if (wanted == Ids)
            {
                (_comparison, _read, _fault) = (comparison, wanted, null);
                _tooMany = Math.Max(0, chosen.Count - CompareQuery.MaxRuns);
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

    private void Add(string id) => Show([.. Chosen, id]);

    private void Show(IEnumerable<string> ids)
    {
        var list = string.Join(',', ids);
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("ids", list.Length > 0 ? list : null), replace: true);
    }
}
