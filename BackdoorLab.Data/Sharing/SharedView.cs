using System.Text.Json;
using System.Text.Json.Serialization;
using BackdoorLab.Data.Filters;

namespace BackdoorLab.Data.Sharing;

/// <summary>
/// A view of runs behind a share link: the condition as it was understood when the link was made. The link shows the
/// runs that meet it when it is opened; that the view is saved anew under its name, or that a later version reads its
/// words otherwise, changes nothing.
/// </summary>
/// <param name="Filter">Which runs.</param>
/// <param name="Sort">Their order.</param>
/// <param name="Query">
/// The query string of the page it was made on: the way back for those who may see that page. Decides nothing.
/// </param>
public sealed record SharedView(RunFilter Filter, IReadOnlyList<RunSortKey> Sort, string Query)
{
    // By name: a link must not open something else because an enumeration has grown.
    private static readonly JsonSerializerOptions Options = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>As the target of a link.</summary>
    public string Write() => JsonSerializer.Serialize(this, Options);

    /// <summary>From the target of a link; null when it is none. The trash is never in it.</summary>
    public static SharedView? Read(string target)
    {
        try
        {
            var view = JsonSerializer.Deserialize<SharedView>(target, Options);
            return view is { Filter: { Narrows: true } filter, Sort: not null }
                ? view with
                {
                    Filter = filter with { Deleted = false },
                }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
