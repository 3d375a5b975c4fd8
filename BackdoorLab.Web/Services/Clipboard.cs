using Microsoft.JSInterop;
using MudBlazor;

namespace BackdoorLab.Web.Services;

/// <summary>Hands text to the browser's clipboard, with the answer that a person sees.</summary>
public sealed class Clipboard(IJSRuntime js, ISnackbar snackbar)
{
    /// <summary>Copies a text.</summary>
    /// <param name="text">Text.</param>
    /// <param name="done">What is said when it is there.</param>
    public async Task Copy(string text, string done)
    {
        await using var module = await js.InvokeAsync<IJSObjectReference>("import", "./js/lab.js");
        var copied = await module.InvokeAsync<bool>("copy", text);
        snackbar.Add(copied ? done : "The browser did not allow copying.", copied ? Severity.Normal : Severity.Warning);
    }
}
