using System.Text.Json;
using System.Text.Json.Nodes;

namespace BackdoorLab.Data.Conditions;

/// <summary>Conditions without the members over which a reader pools on purpose.</summary>
internal static class ConditionPooling
{
    private const string Dataset = "dataset";

    /// <summary>Takes the pooled members out and says what they were.</summary>
    /// <param name="condition">Changed.</param>
    /// <param name="pool">Paths, last names, or <c>data</c>.</param>
    /// <returns>Value by path.</returns>
    public static IReadOnlyDictionary<string, string> TakeOut(JsonObject condition, IReadOnlyList<string> pool)
    {
        var taken = new Dictionary<string, string>();
        if (pool.Contains(Condition.Data))
        {
            taken[Condition.Data] = Describe(condition);
            condition.Remove(Condition.Data);
            condition.Remove(Dataset);
        }

        TakeOut(condition, "", pool, taken);
        return taken;
    }

    private static void TakeOut(
        JsonObject branch,
        string path,
        IReadOnlyList<string> pool,
        Dictionary<string, string> taken
    )
    {
        foreach (var (name, value) in branch.ToList())
        {
            var own = path.Length == 0 ? name : $"{path}.{name}";
            if (value is JsonObject inner)
            {
                TakeOut(inner, own, pool, taken);
            }
            else if (pool.Contains(own) || pool.Contains(name))
            {
                taken[own] =
                    value?.GetValueKind() == JsonValueKind.String
                        ? value.GetValue<string>()
                        : value?.ToJsonString() ?? "none";
                branch.Remove(name);
            }
        }
    }

    // "clean4, 4 classes": enough to tell data sets apart.
    private static string Describe(JsonObject condition)
    {
        var set = condition[Dataset] as JsonObject;
        var name = (string?)(set?["path"] ?? set?["id"]) ?? "";
        return condition[Condition.Data]?["classes"] is { } classes ? $"{name}, {classes} classes" : name;
    }
}
