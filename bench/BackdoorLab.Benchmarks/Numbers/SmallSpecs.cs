using System.Text.Json.Nodes;

namespace BackdoorLab.Benchmarks.Numbers;

/// <summary>Specs and studies cut down to seconds, with every method of theirs still in them.</summary>
internal static class SmallSpecs
{
    private const int Images = 400;

    // Settings that are as large as a spec wants them; where it says nothing their default stays.
    private static readonly Dictionary<string, int> Caps = new()
    {
        ["epochs"] = 1,
        ["retrainingEpochs"] = 1,
        ["fineTuneEpochs"] = 1,
        ["rounds"] = 2,
        ["overlays"] = 5,
        ["cleanHoldout"] = 100,
        ["trainCount"] = Images,
        ["testCount"] = Images,
        ["trainLimit"] = Images,
        ["testLimit"] = Images,
    };

    /// <summary>The small version of a document as it stands in a file.</summary>
    internal static JsonNode Of(string text)
    {
        var document = JsonNode.Parse(text)!;
        if (document["seeds"] is JsonArray seeds)
        {
            document["seeds"] = new JsonArray(seeds[0]!.DeepClone());
        }

        Experiment(document["experiment"] ?? document);
        Cap(document);
        return document;
    }

    private static void Experiment(JsonNode experiment)
    {
        if (experiment["dataset"] is JsonObject dataset && (string?)dataset["id"] is "cifar10" or "mnist")
        {
            dataset["trainLimit"] = Images;
            dataset["testLimit"] = Images;
        }
        else if (experiment["dataset"] is JsonObject { } signs && (string?)signs["id"] == "gtsrb")
        {
            signs["classCount"] = 5;
        }

        experiment["cleanHoldout"] = Caps["cleanHoldout"];
        foreach (var defense in experiment["defenses"]?.AsArray() ?? [])
        {
            if ((string?)defense!["id"] == "neural-cleanse")
            {
                defense["rounds"] = Caps["rounds"];
            }
        }
    }

    private static void Cap(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                Cap(item);
            }
        }
        else if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields.ToList())
            {
                if (
                    Caps.TryGetValue(name, out var most)
                    && value is JsonValue number
                    && number.TryGetValue(out int given)
                )
                {
                    fields[name] = Math.Min(given, most);
                }
                else
                {
                    Cap(value);
                }
            }
        }
    }
}
