using MudBlazor;

namespace BackdoorLab.Web.Shared.Controls;

/// <summary>Hands text to the browser's clipboard, with the answer that a person sees.</summary>
public sealed class Clipboard(LabScript script, ISnackbar snackbar)
{
    /// <summary>Copies a text.</summary>
    /// <param name="done">What is said when it is there.</param>
    public async Task Copy(string text, string done)
    {
        var copied = await script.Copy(text);
        snackbar.Add(copied ? done : "The browser did not allow copying.", copied ? Severity.Normal : Severity.Warning);
    }
}
