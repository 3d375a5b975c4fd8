using BackdoorLab.Data;
using BackdoorLab.Engine.Core;

namespace BackdoorLab.Web.Features.Leaderboard;

/// <summary>The lab's ids for the names that published tables use; a name it does not know stays as it is.</summary>
public static class ReferenceNames
{
    // What stands for no method of the lab.
    private static readonly Dictionary<string, string> Short = new()
    {
        ["nodefense"] = KnownLabels.Undefended,
        ["none"] = KnownLabels.Undefended,
        ["tiny"] = "tiny-imagenet",
    };

    private static readonly Dictionary<string, string> Spelt = MethodCatalog
        .Default.All.SelectMany(method =>
            method.Attribute.Aliases.Append(method.Id).Append(method.Name).Select(name => (Key: Plain(name), method.Id))
        )
        .DistinctBy(entry => entry.Key)
        .ToDictionary(entry => entry.Key, entry => entry.Id);

    /// <summary>"PreActResNet18" becomes <c>pre-act-res-net18</c>, "no defense" the empty label.</summary>
    public static string Id(string name) =>
        Short.TryGetValue(Plain(name), out var known) || Spelt.TryGetValue(Plain(name), out known)
            ? known
            : name.Trim();

    private static string Plain(string name) =>
        new([.. name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);
}
