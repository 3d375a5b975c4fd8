using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace BackdoorLab.Web.Shared.Controls;

/// <summary>
/// The dashboard's script in the browser, <c>js/lab.js</c>, loaded once for a window when it is first needed.
/// </summary>
public sealed class LabScript(IJSRuntime js)
{
    private Task<IJSObjectReference>? _module;

    /// <summary>Begins to listen to keys and clicks.</summary>
    /// <param name="host">Whose methods the keyboard calls.</param>
    public Task Start<T>(DotNetObjectReference<T> host)
        where T : class => Do("start", host);

    /// <summary>Ends what <see cref="Start"/> began.</summary>
    public Task Stop() => _module is null ? Task.CompletedTask : Do("stop");

    /// <summary>Hands text to the clipboard. False when the browser does not allow it.</summary>
    public Task<bool> Copy(string text) => Ask<bool>("copy", text);

    /// <summary>Offers text as a file.</summary>
    public Task Download(string name, string type, string text) => Do("download", name, type, text);

    /// <summary>Offers a chart as a picture; <paramref name="format"/> is <c>png</c> or <c>svg</c>.</summary>
    public Task SavePlot(ElementReference host, string format, int width, int height, string name) =>
        Do("savePlot", host, format, width, height, name);

    /// <summary>
    /// Offers a drawing of our own as a picture; <paramref name="format"/> is <c>png</c> or <c>svg</c>.
    /// </summary>
    public Task SaveSvg(ElementReference host, string format, string name) => Do("saveSvg", host, format, name);

    /// <summary>Keeps a log at its end unless its reader has scrolled up.</summary>
    public Task Follow(ElementReference log) => Do("follow", log);

    /// <summary>Until when this browser has seen the runs that ended, or null.</summary>
    public Task<string?> SeenUntil() => Ask<string?>("seenUntil");

    /// <summary>Remembers until when it has.</summary>
    public Task SetSeenUntil(string time) => Do("setSeenUntil", time);

    private async Task Do(string function, params object?[] arguments) =>
        await (await Module()).InvokeVoidAsync(function, arguments);

    private async Task<T> Ask<T>(string function, params object?[] arguments) =>
        await (await Module()).InvokeAsync<T>(function, arguments);

    // A load that failed for want of a connection is tried again by whoever asks next.
    private Task<IJSObjectReference> Module() =>
        _module is null or { IsFaulted: true } or { IsCanceled: true }
            ? _module = js.InvokeAsync<IJSObjectReference>("import", "./js/lab.js").AsTask()
            : _module;
}
