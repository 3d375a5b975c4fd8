using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Jobs;
using MudBlazor;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>
/// Why something that a person wanted to change was not: what they entered, or trouble of the database. What was
/// entered stays on the screen.
/// </summary>
public static class ChangeWords
{
    /// <summary>What is the matter and what to do; null for an error of the program.</summary>
    public static string? Of(Exception error) =>
        error switch
        {
            PersonTextException or SpecException => error.Message,
            _ => DatabaseWords.Of(error),
        };

    /// <summary>Does it, or says why not; false then.</summary>
    public static async Task<bool> Try(this ISnackbar snackbar, Func<Task> change)
    {
        try
        {
            await change();
            return true;
        }
        catch (Exception error) when (Of(error) is { } words)
        {
            snackbar.Add(words, Severity.Error);
            return false;
        }
    }
}
