using System.Globalization;
using BackdoorLab.Data;
using BackdoorLab.Web.Shared.Specs;

namespace BackdoorLab.Web.Features.Compare;

/// <summary>A setting of several runs.</summary>
/// <param name="Group">Part of the spec.</param>
/// <param name="Name">Setting; empty for the choice of the method itself.</param>
/// <param name="Values">One for each run; empty where its spec does not have the setting.</param>
public sealed record SettingRow(string Group, string Name, IReadOnlyList<string> Values)
{
    private const string Used = "used";

    /// <summary>Whether the runs do not all have the same.</summary>
    public bool Differs { get; } = Values.Distinct().Skip(1).Any();

    /// <summary>The settings of runs in the order of the form.</summary>
    public static IReadOnlyList<SettingRow> Read(IReadOnlyList<ComparedRun> runs)
    {
        var order = new List<(string Group, string Name)>();
        var values = new Dictionary<(string, string), string[]>();
        for (var run = 0; run < runs.Count; run++)
        {
            foreach (var (group, name, value) in Lines(runs[run].SpecJson).Concat(Found(runs[run])))
            {
                if (!values.TryGetValue((group, name), out var row))
                {
                    values[(group, name)] = row = [.. Enumerable.Repeat("", runs.Count)];

                    // After its own group: a method that only the last run has stands with its like.
                    var last = order.FindLastIndex(key => key.Group == group);
                    order.Insert(last < 0 ? order.Count : last + 1, (group, name));
                }

                row[run] = value;
            }
        }

        return [.. order.Select(key => new SettingRow(key.Group, key.Name, values[key]))];
    }

    // Equal specs may have met other files, and a model may have come to nothing.
    private static IEnumerable<(string Group, string Name, string Value)> Found(ComparedRun run)
    {
        if (run.Data is { } data)
        {
            yield return ("Data", "classes", data.Classes.ToString(CultureInfo.InvariantCulture));
            yield return ("Data", "training images", data.TrainImages.ToString(CultureInfo.InvariantCulture));
            yield return ("Data", "test images", data.TestImages.ToString(CultureInfo.InvariantCulture));
            yield return ("Data", "content", data.Source);
        }

        if (run.Run.BackdooredDamage.Length > 0)
        {
            yield return ("Run", "no victim", run.Run.BackdooredDamage);
        }

        if (run.Run.BenignDamage.Length > 0)
        {
            yield return ("Run", "no benign twin", run.Run.BenignDamage);
        }
    }

    // A chosen method is a setting itself, so that runs with different attacks share the rows of the parameters both
    // have. Of precisions and defenses there are many: each has its own group.
    private static IEnumerable<(string Group, string Name, string Value)> Lines(string json)
    {
        var seen = new Dictionary<string, int>();
        foreach (var section in SpecSection.Read(json))
        {
            var group = section.Group;
            if (section.OneOfMany)
            {
                var count = seen[section.Title] = seen.GetValueOrDefault(section.Title) + 1;
                group = count > 1 ? $"{section.Title} ({count})" : section.Title;
                yield return (group, "", Used);
            }
            else if (section.Method.Length > 0)
            {
                yield return (group, "", section.Method);
            }

            foreach (var line in section.Lines.Where(line => line.Label is not ("name" or "schema")))
            {
                yield return (
                    group,
                    SpecFields.All.FirstOrDefault(field => field.Name == line.Label)?.Label ?? line.Label,
                    line.Value
                );
            }
        }
    }
}
