using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>What the settings of a study are called: each by its usual title, and where several would share one, by what sets them apart too.</summary>
internal static class SettingTitles
{
    /// <summary>A title for each, in their order: "MNIST, MLP, BadNets 50 %, RLR, IID, 1 of 10 attacks, weight decay 0".</summary>
    /// <param name="specs">One experiment of each setting; seed and name do not count.</param>
    internal static IReadOnlyList<string> Of(IReadOnlyList<ExperimentSpec> specs)
    {
        string[] titles = [.. specs.Select(StudyPlan.Title)];
        foreach (var namesakes in Enumerable.Range(0, titles.Length).GroupBy(i => titles[i]).Where(group => group.Count() > 1).ToList())
        {
            var values = namesakes.Select(i => Values(specs[i])).ToList();
            var telling = values.SelectMany(value => value.Keys).Distinct()
                .Where(path => values.Select(value => value.GetValueOrDefault(path)).Distinct().Count() > 1)
                .ToList();
            foreach (var (i, own) in namesakes.Zip(values))
            {
                titles[i] = string.Join(", ", telling.Where(own.ContainsKey).Select(path => $"{Words(path)} {own[path]}").Prepend(titles[i]));
            }
        }

        return titles;
    }

    // Every value by its path, "federation.simulation.weightDecay" to "0".
    private static Dictionary<string, string> Values(ExperimentSpec spec)
    {
        var values = new Dictionary<string, string>();
        Collect(JsonSerializer.SerializeToNode(spec with { Name = "", Seed = 0 }, SpecJson.Options), "", values);
        return values;
    }

    private static void Collect(JsonNode? node, string path, Dictionary<string, string> values)
    {
        switch (node)
        {
            case JsonObject branch:
                foreach (var (name, value) in branch)
                {
                    Collect(value, $"{path}.{name}", values);
                }

                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    Collect(list[i], $"{path}.{i + 1}", values);
                }

                break;
            default:
                values[path] = node?.ToString() ?? "none";
                break;
        }
    }

    // "federation.simulation.weightDecay" is "weight decay"; the id of a method and a place in a list are told by what holds them.
    private static string Words(string path)
    {
        var parts = path.Split('.');
        var last = parts[^1] == "id" ? parts[^2] : parts[^1];
        var words = new StringBuilder();
        foreach (var letter in char.IsAsciiDigit(last[0]) ? $"{parts[^2]} {last}" : last)
        {
            words.Append(char.IsAsciiLetterUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : letter);
        }

        return words.ToString();
    }
}
