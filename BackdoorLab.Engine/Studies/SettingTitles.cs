using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// What the settings of a study are called: each by its usual title, and where several would share one, by what sets
/// them apart too.
/// </summary>
internal static class SettingTitles
{
    /// <summary>
    /// A title for each, in their order: "MNIST, MLP, BadNets 50 %, RLR, IID, 1 of 10 attacks, weight decay 0".
    /// </summary>
    /// <param name="specs">One experiment of each setting; seed and name do not count.</param>
    internal static IReadOnlyList<string> Of(IReadOnlyList<ExperimentSpec> specs)
    {
        string[] titles = [.. specs.Select(StudyPlan.Title)];
        foreach (
            var namesakes in Enumerable
                .Range(0, titles.Length)
                .GroupBy(i => titles[i])
                .Where(group => group.Count() > 1)
                .ToList()
        )
        {
            var values = namesakes.Select(i => Values(specs[i])).ToList();
            var telling = values
                .SelectMany(value => value.Keys)
                .Distinct()
                .Where(path => values.Select(value => value.GetValueOrDefault(path)).Distinct().Count() > 1)
                .ToList();
            foreach (var (i, own) in namesakes.Zip(values))
            {
                titles[i] = string.Join(
                    ", ",
                    telling
                        .Where(own.ContainsKey)
                        .Select(path => $"{SpecPaths.Words(path)} {own[path]}")
                        .Prepend(titles[i])
                );
            }
        }

        return titles;
    }

    private static IReadOnlyDictionary<string, string> Values(ExperimentSpec spec) =>
        SpecPaths.Read(JsonSerializer.SerializeToNode(spec with { Name = "", Seed = 0 }, SpecJson.Options));
}
