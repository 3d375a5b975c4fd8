using System.Text.Json.Nodes;

namespace BackdoorLab.Web.Tests.Runs;

/// <summary>A JSON document with one thing wrong in it: a value replaced by an extreme one, dropped, repeated, or the end missing.</summary>
internal static class JsonDamage
{
    private static readonly string[] Extremes =
    [
        "null", "-1", "0", "1e308", "99999999999999", "true", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"NaN\"", "[]", "{}", "[null]", "[[[[]]]]", "\"0001-01-01T00:00:00\"", "1e999",
        "\"" + new string('x', 70_000) + "\"",
    ];

    /// <summary>The document, damaged.</summary>
    public static string Of(string text, Random random)
    {
        var json = JsonNode.Parse(text)!;
        return random.Next(8) switch
        {
            0 => Twice(json.ToJsonString(), random),
            1 => json.ToJsonString()[..random.Next(json.ToJsonString().Length)],
            _ => Changed(json, random),
        };
    }

    /// <summary>A member again, in front of itself.</summary>
    private static string Twice(string text, Random random)
    {
        var names = System.Text.RegularExpressions.Regex.Matches(text, "\"[a-zA-Z]+\":");
        var chosen = names[random.Next(names.Count)];
        return text.Insert(chosen.Index, chosen.Value + "1,");
    }

    /// <summary>One node, anywhere, replaced by something extreme, dropped or repeated.</summary>
    private static string Changed(JsonNode json, Random random)
    {
        var all = new List<JsonNode>();
        Collect(json, all);
        var chosen = all[random.Next(all.Count)];
        var marker = "\"@@\"";
        switch (chosen.Parent)
        {
            case JsonArray list when random.Next(3) == 0:
                list.Insert(random.Next(list.Count), chosen.DeepClone());
                return json.ToJsonString();
            case JsonArray list:
                list[list.IndexOf(chosen)] = "@@";
                break;
            case JsonObject members when random.Next(4) == 0:
                members.Remove(chosen.GetPropertyName());
                return json.ToJsonString();
            case JsonObject members:
                members[chosen.GetPropertyName()] = "@@";
                break;
        }

        return json.ToJsonString().Replace(marker, Extremes[random.Next(Extremes.Length)], StringComparison.Ordinal);
    }

    private static void Collect(JsonNode node, List<JsonNode> into)
    {
        foreach (var child in node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray list => list,
            _ => Enumerable.Empty<JsonNode?>(),
        })
        {
            if (child is not null)
            {
                into.Add(child);
                Collect(child, into);
            }
        }
    }
}
