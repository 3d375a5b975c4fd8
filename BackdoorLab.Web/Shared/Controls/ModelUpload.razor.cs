using System.Text.Json;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Shared.Words;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace BackdoorLab.Web.Shared.Controls;

/// <summary>
/// Where a model file is dropped or chosen: the browser sends it to the shelf, and says how far it is.
/// </summary>
public sealed partial class ModelUpload : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private DotNetObjectReference<ModelUpload>? _self;
    private IJSObjectReference? _upload;
    private ElementReference _zone;
    private ElementReference _field;
    private (string Name, long Loaded, long Total)? _sending;
    private bool _ready;

    /// <summary>Whether a file is here already, and this would be another.</summary>
    [Parameter]
    public bool Another { get; set; }

    /// <summary>Why the last file cannot be checked, or empty; what reads the file says so too.</summary>
    [Parameter, EditorRequired]
    public string Fault { get; set; } = "";

    [Parameter]
    public EventCallback<string> FaultChanged { get; set; }

    /// <summary>A file is on the shelf.</summary>
    [Parameter]
    public EventCallback<ShelvedModel> OnArrived { get; set; }

    /// <summary>How much of the file has gone.</summary>
    [JSInvokable]
    public Task Sending(string name, long loaded, long total) => Say((name, loaded, total), "");

    /// <summary>The browser did not even begin.</summary>
    [JSInvokable]
    public Task TooLarge(string name, long bytes) =>
        Refused($"'{name}' has {Numbers.Bytes(bytes)}; this lab takes {Numbers.Bytes(Shelf.MostBytes)} at most.");

    /// <summary>The lab did not take the file; empty when its sender stopped.</summary>
    [JSInvokable]
    public Task Refused(string why) => Say(null, why);

    /// <summary>
    /// The file is here. What the browser says of it is only its name and hash; the shelf is asked for the rest.
    /// </summary>
    [JSInvokable]
    public async Task Arrived(string answer)
    {
        _sending = null;
        if (
            JsonSerializer.Deserialize<ShelvedModel>(answer, JsonSerializerOptions.Web) is { } told
            && await Shelf.Find(told.Suspect, _gone.Token) is { } model
        )
        {
            await OnArrived.InvokeAsync(model);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        _gone.Dispose();
        _self?.Dispose();
        try
        {
            if (_upload is not null)
            {
                await _upload.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The browser is gone, and its objects with it.
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        _self = DotNetObjectReference.Create(this);
        await using var module = await Js.InvokeAsync<IJSObjectReference>("import", "./js/upload.js");
        _upload = await module.InvokeAsync<IJSObjectReference?>(
            "attach",
            _zone,
            _field,
            _self,
            LabUrls.Models,
            LabUrls.ModelToken,
            Shelf.MostBytes
        );
        _ready = true;
        StateHasChanged();
    }

    private async Task Say((string Name, long Loaded, long Total)? sending, string fault)
    {
        _sending = sending;
        if (fault != Fault)
        {
            await FaultChanged.InvokeAsync(fault);
        }

        StateHasChanged();
    }

    private Task Stop() => _upload?.InvokeVoidAsync("stop").AsTask() ?? Task.CompletedTask;
}
