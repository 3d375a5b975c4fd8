using BackdoorLab.Web.Shared.Controls;
using BackdoorLab.Web.Shared.Export;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Plotly.Blazor;
using Plotly.Blazor.ConfigLib;

namespace BackdoorLab.Web.Shared.Charts;

/// <summary>A chart with its title, its reading hint and its numbers as a table.</summary>
public sealed partial class Chart
{
    private const int MostRows = 200;
    private const int SavedWidth = 1000;
    private const int SavedHeight = 480;

    private static readonly Config Config = new()
    {
        Responsive = true,
        DisplayLogo = false,

        // Its buttons would take the keyboard's focus inside what is hidden from screen readers. Dragging zooms, a
        // double click goes back.
        DisplayModeBar = DisplayModeBarEnum.False,
    };

    private PlotlyChart? _plot;
    private ElementReference _host;
    private ChartModel? _shown;
    private IList<ITrace> _data = [];
    private Plotly.Blazor.Layout _layout = new();
    private bool _drawn;
    private bool _stale;

    [Parameter, EditorRequired]
    public ChartModel Model { get; set; } = null!;

    [Parameter]
    public string Title { get; set; } = "";

    [Parameter]
    public string Note { get; set; } = "";

    [Parameter]
    public int Height { get; set; } = 300;

    /// <summary>What a saved picture is called where the title does not say it.</summary>
    [Parameter]
    public string FileName { get; set; } = "";

    protected override void OnParametersSet()
    {
        if (!ReferenceEquals(Model, _shown))
        {
            _stale = _shown is not null;
            (_shown, _data, _layout) = (Model, Model.Traces, Model.Layout);
        }
    }

    // The library's component never renders again by itself: new data must be handed over.
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_stale && _drawn && _plot is not null)
        {
            _stale = false;
            try
            {
                await _plot.React();
            }
            catch (Exception error) when (error is JSDisconnectedException or OperationCanceledException)
            {
                // The page is being left.
            }
        }
    }

    // The browser makes the picture: through the circuit it would exceed the size of a message.
    private Task Save(string format) =>
        Script.SavePlot(
            _host,
            format,
            SavedWidth,
            Math.Max(Height, SavedHeight),
            FileSlug.Of(FileName.Length > 0 ? FileName : Title)
        );

    private void Drawn()
    {
        _drawn = true;
        if (_stale)
        {
            _ = InvokeAsync(StateHasChanged);
        }
    }
}
