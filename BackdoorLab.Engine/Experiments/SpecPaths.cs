using System.Text;
using System.Text.Json.Nodes;

namespace BackdoorLab.Engine.Experiments;

/// <summary>The values of a spec, or of a part of one, by their paths: what tells two settings apart.</summary>
public static class SpecPaths
{
    /// <summary>
    /// Every value by its path, <c>federation.simulation.weightDecay</c> to <c>0</c>; members of a list are counted
    /// from 1.
    /// </summary>
    /// <param name="document">A spec or a part of one.</param>
    public static IReadOnlyDictionary<string, string> Read(JsonNode? document)
    {
        var values = new Dictionary<string, string>();
        Collect(document, "", values);
        return values;
    }

    /// <summary>
    /// <c>federation.simulation.weightDecay</c> is "weight decay"; the id of a method and a place in a list are told by
    /// what holds them.
    /// </summary>
    /// <param name="path">Path.</param>
    public static string Words(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var parts = path.Split('.');
        var last = parts[^1] == "id" && parts.Length > 1 ? parts[^2] : parts[^1];
        var words = new StringBuilder();
        foreach (var letter in char.IsAsciiDigit(last[0]) && parts.Length > 1 ? $"{parts[^2]} {last}" : last)
        {
            words.Append(char.IsAsciiLetterUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : letter);
        }

        return words.ToString();
    }

    private static void Collect(JsonNode? node, string path, Dictionary<string, string> values)
    {
        string Under(string name) => path.Length == 0 ? name : $"{path}.{name}";
        switch (node)
        {
            case JsonObject branch:
                foreach (var (name, value) in branch)
                {
                    Collect(value, Under(name), values);
                }

                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    Collect(
                        list[i],
                        Under((i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)),
                        values
                    );
                }

                break;
            default:
                values[path] = node?.ToString() ?? "none";
                break;
        }
    }
}
