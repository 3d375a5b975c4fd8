using System.Globalization;
using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Shared.Words;

/// <summary>Something of which a condition is known, and what it is called without it.</summary>
/// <param name="Label">Attack, precision, or whatever its place says already; what only such a namesake has in another
/// way is told.</param>
/// <param name="Json">The condition.</param>
public sealed record ConditionOf(string Label, string Json);

/// <summary>Tells conditions apart: by what differs among them, and by nothing else.</summary>
public static class ConditionTitles
{
    private const string Source = "data.source";
    private const string Unknown = "data not recorded";

    // The number of test images follows from that of training images wherever a person sets it.
    private static readonly string[] Silent = [Source, "data.testImages"];

    // Parts that a row's label names: two rows with different ones differ in them by nature.
    private static readonly string[] Named = ["attack.", "precision."];

    /// <summary>
    /// What is special about each, in their order: "4 classes, 2 epochs"; empty where there is nothing to tell.
    /// </summary>
    /// <param name="conditions">The conditions that stand together.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<ConditionOf> conditions)
    {
        var values = conditions.Select(condition => Values(condition.Json)).ToList();
        var paths = values.SelectMany(value => value.Keys).Distinct().OrderBy(Order).ToList();
        var telling = paths.Where(path => Differ(path, [.. Enumerable.Range(0, values.Count)])).ToList();
        var titles = new string[conditions.Count];
        for (var i = 0; i < titles.Length; i++)
        {
            int[] namesakes =
            [
                .. Enumerable.Range(0, values.Count).Where(other => conditions[other].Label == conditions[i].Label),
            ];
            var own = telling
                .Where(path =>
                    !Silent.Contains(path)
                    && (!Named.Any(part => path.StartsWith(part, StringComparison.Ordinal)) || Differ(path, namesakes))
                )
                .ToList();
            titles[i] = string.Join(
                ", ",
                own.Select(path => Words(path, values[i].GetValueOrDefault(path)))
                    .Where(words => words.Length > 0)
                    .Distinct()
            );
        }

        // Same words and yet other data: the files have changed, or one of them is of a program that did not look at
        // them.
        foreach (
            var namesakes in Enumerable
                .Range(0, titles.Length)
                .GroupBy(i => (conditions[i].Label, titles[i]))
                .Where(group => group.Count() > 1)
                .Select(group => group.ToList())
                .ToList()
        )
        {
            foreach (var i in namesakes)
            {
                string[] parts =
                [
                    titles[i],
                    .. Silent
                        .Where(path => Differ(path, namesakes))
                        .Reverse()
                        .Select(path => Words(path, values[i].GetValueOrDefault(path))),
                ];
                titles[i] = string.Join(", ", parts.Where(part => part.Length > 0));
            }
        }

        return titles;

        bool Differ(string path, IReadOnlyCollection<int> among) =>
            among.Select(i => values[i].GetValueOrDefault(path)).Distinct().Skip(1).Any();
    }

    /// <summary>A condition in full: "BadNets 10% · GTSRB (43 classes, 26,640 training images) · ResNet-8".</summary>
    public static string Name(MatrixCondition condition) => Name(condition, Size(condition.Json));

    /// <summary>
    /// Conditions of a list: each by attack, data set and network, and by what sets it apart from its namesakes.
    /// </summary>
    public static IReadOnlyList<string> Names(IReadOnlyList<MatrixCondition> conditions)
    {
        var names = conditions.Select(condition => Name(condition, "")).ToList();
        var titles = new string[names.Count];
        foreach (
            var namesakes in Enumerable
                .Range(0, names.Count)
                .GroupBy(i => names[i])
                .Select(group => group.ToList())
                .ToList()
        )
        {
            foreach (
                var (i, title) in namesakes.Zip(
                    Of(namesakes.ConvertAll(i => new ConditionOf(names[i], conditions[i].Json)))
                )
            )
            {
                titles[i] = title.Length > 0 ? $"{names[i]} · {title}" : names[i];
            }
        }

        return titles;
    }

    /// <summary>The size of the data: "4 classes, 80 training images"; empty where it is not known.</summary>
    public static string Size(string json) =>
        JsonNode.Parse(json)?["data"] is JsonObject data
            ? $"{Words("data.classes", data["classes"]?.ToString())}, {Words("data.trainImages", data["trainImages"]?.ToString())}"
            : "";

    /// <summary>A value with the name of its member: "2 epochs", "width 8", "4 classes".</summary>
    public static string Words(string path, string? value)
    {
        if (path == Source)
        {
            return value is null ? Unknown : $"data {value[..Math.Min(6, value.Length)]}";
        }

        var name = path switch
        {
            "data.trainImages" => "training images",
            "data.testImages" => "test images",
            _ => SpecPaths.Words(path),
        };
        return (value, name) switch
        {
            (null, _) when path == "data.classes" => Unknown,
            (null, _) when path.StartsWith("data.", StringComparison.Ordinal) => "",
            (null, _) => $"{name} not set",
            _ when path.EndsWith(".id", StringComparison.Ordinal) => MethodCatalog.Default.Find(value) is null
                ? $"{name} {value}"
                : KindWords.Short(value),
            ("true", _) => name,
            ("false", _) => $"no {name}",
            (var number, [.., 's']) when double.TryParse(number, CultureInfo.InvariantCulture, out var count) => count
                == 1
            && name[^2] != 's'
                ? $"1 {Singular(name)}"
                : $"{number} {name}",
            _ => $"{name} {value}",
        };
    }

    private static string Name(MatrixCondition condition, string size) =>
        $"{KindWords.Label(condition.Attack)} {(condition.PoisonRate > 0 ? Numbers.Percent(condition.PoisonRate) : "(benign)")} · {KindWords.Label(condition.Dataset)}{(size.Length > 0 ? $" ({size})" : "")} · {KindWords.Label(condition.Model)}";

    private static string Singular(string name) =>
        name.EndsWith("classes", StringComparison.Ordinal) ? name[..^2] : name[..^1];

    private static IReadOnlyDictionary<string, string> Values(string json) => SpecPaths.Read(JsonNode.Parse(json));

    // What the data is comes first, then the order of the form.
    private static int Order(string path) =>
        path switch
        {
            _ when path.StartsWith("dataset.", StringComparison.Ordinal) => 0,
            _ when path.StartsWith("data.", StringComparison.Ordinal) => 1,
            _ when path.StartsWith("model.", StringComparison.Ordinal) => 2,
            _ when path.StartsWith("attack.", StringComparison.Ordinal) => 3,
            _ when path.StartsWith("training.", StringComparison.Ordinal) => 4,
            _ => 5,
        };
}
