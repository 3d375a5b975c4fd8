using System.Globalization;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>The experiments of a study, by setting and then by seed.</summary>
public sealed class StudyPlan
{
    private StudyPlan(IReadOnlyList<IReadOnlyList<ExperimentSpec>> settings) => Settings = settings;

    /// <summary>One list of experiments for each setting; within it the seeds in their order.</summary>
    public IReadOnlyList<IReadOnlyList<ExperimentSpec>> Settings { get; }

    /// <summary>All of them, seed by seed, so that every setting has a first answer early.</summary>
    public IReadOnlyList<ExperimentSpec> Experiments =>
        [.. Enumerable.Range(0, Settings[0].Count).SelectMany(seed => Settings.Select(setting => setting[seed]))];

    /// <summary>Estimated seconds; benign twins that settings share are counted with each of them.</summary>
    public double Seconds(int threads) => Experiments.Sum(spec => Estimator.Seconds(spec, null, threads));

    /// <summary>Expands a study.</summary>
    /// <exception cref="SpecException">With all faults.</exception>
    public static StudyPlan Make(StudySpec study)
    {
        var faults = OwnFaults(study).ToList();
        if (faults.Count > 0)
        {
            throw new SpecException(faults);
        }

        var settings = new List<ExperimentSpec>();
        var seen = new HashSet<string>();
        foreach (var (document, place) in Product(study))
        {
            document["seed"] = study.Seeds[0];
            document["name"] = study.Name;
            var (spec, found) = SpecJson.Read(document);
            faults.AddRange(found.Select(fault => new SpecFault($"{place}{fault.Path}", fault.Message)));
            if (spec is null)
            {
                continue;
            }

            if (spec.Origin.StudyFault is { } refused)
            {
                faults.Add(refused with { Path = $"{place}{refused.Path}" });
                continue;
            }

            if (!seen.Add(SpecJson.Write(spec)))
            {
                faults.Add(new(place.Trim(), "repeats another setting; remove one of the two."));
            }

            // What is drawn hangs on the seed; that of the first was looked at with the rest of the spec.
            faults.AddRange(
                study
                    .Seeds.Skip(1)
                    .Select(seed => (seed, Fault: (spec with { Seed = seed }).Origin.DrawFault()))
                    .Where(drawn => drawn.Fault is not null)
                    .Select(drawn => new SpecFault(
                        $"{place}{drawn.Fault!.Path}",
                        $"with seed {drawn.seed}: {drawn.Fault.Message}"
                    ))
            );
            settings.Add(spec);
        }

        if (faults.Count > 0)
        {
            throw new SpecException(faults);
        }

        return new([
            .. settings.Zip(
                SettingTitles.Of(settings),
                (spec, title) =>
                    study.Seeds.Select(seed => spec with { Seed = seed, Name = Name(study.Name, title, seed) }).ToList()
            ),
        ]);
    }

    /// <summary>Refuses what only the files of its data sets can say against a setting.</summary>
    /// <exception cref="SpecException">With all faults.</exception>
    public StudyPlan Refuse(DataFaults data)
    {
        var faults = Settings
            .SelectMany(setting =>
                data.Of(setting[0]).Select(fault => fault with { Message = $"{fault.Message} ({setting[0].Name})" })
            )
            .ToList();
        return faults.Count == 0 ? this : throw new SpecException(faults);
    }

    /// <summary>"CIFAR-10, ResNet-8, BadNets 10 %", and in a federation "…, Lockdown, IID, 1 of 10 attacks".</summary>
    public static string Title(ExperimentSpec spec)
    {
        var catalog = MethodCatalog.Default;
        var central = string.Create(
            CultureInfo.InvariantCulture,
            $"{catalog.For(spec.Dataset).Name}, {catalog.For(spec.Model).Name}, {catalog.For(spec.Attack).Name} {100 * spec.Attack.PoisonRate:0.#} %"
        );
        return spec.Origin.Setting is { Length: > 0 } setting ? $"{central}, {setting}" : central;
    }

    // Of a title that is too long the setting is cut: the seed at the end is what tells two runs apart.
    private static string Name(string study, string setting, int seed)
    {
        var (head, tail) = ($"{study}: ", string.Create(CultureInfo.InvariantCulture, $", seed {seed}"));
        return PersonText.RunName.Fit(
            head + Shortened.Of(setting, Math.Max(2, PersonText.RunName.Most - head.Length - tail.Length)) + tail
        );
    }

    private static IEnumerable<SpecFault> OwnFaults(StudySpec study)
    {
        if (study.Schema != StudySpec.CurrentSchema)
        {
            yield return new(
                "schema",
                $"must be {StudySpec.CurrentSchema}, not {study.Schema}; this program reads no other version."
            );
        }

        if (string.IsNullOrWhiteSpace(study.Name))
        {
            yield return new("name", "is empty; give the study a name.");
        }

        if (PersonText.StudyName.Read(study.Name).Fault is { } name)
        {
            yield return new("name", name);
        }

        if (PersonText.Question.Read(study.Question).Fault is { } question)
        {
            yield return new("question", question);
        }

        if (study.Paper.Length > 0 && !PublishedClaims.Papers.Contains(study.Paper))
        {
            yield return new(
                "paper",
                $"'{study.Paper}' is unknown; leave it out or give '{string.Join("' or '", PublishedClaims.Papers)}'."
            );
        }

        if (study.Seeds.Count == 0)
        {
            yield return new("seeds", "must have at least one entry.");
        }

        foreach (var seed in study.Seeds.Where(seed => seed < 0))
        {
            yield return new("seeds", $"must not be negative; found {seed}.");
        }

        foreach (var twice in study.Seeds.GroupBy(seed => seed).Where(group => group.Count() > 1))
        {
            yield return new("seeds", $"has {twice.Key} more than once; a repeated seed is no second observation.");
        }

        if (study.LargestAccuracyLoss is not (>= 0 and <= 1))
        {
            yield return new("largestAccuracyLoss", "must be from 0 to 1.");
        }

        for (var axis = 0; axis < study.Axes.Count; axis++)
        {
            if (study.Axes[axis].Count == 0)
            {
                yield return new($"axes[{axis}]", "has no values; remove the axis or give it some.");
            }
        }

        if (study.CountRuns() is var runs and > StudySpec.MostRuns)
        {
            yield return new(
                "axes",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"make {runs} runs with the seeds; at most {StudySpec.MostRuns} are allowed."
                )
            );
        }
    }

    private static IEnumerable<(JsonObject Document, string Place)> Product(StudySpec study)
    {
        IEnumerable<(JsonObject Document, string Place)> settings = [((JsonObject)study.Experiment.DeepClone(), "")];
        for (var axis = 0; axis < study.Axes.Count; axis++)
        {
            var (values, number) = (study.Axes[axis], axis);
            settings =
            [
                .. settings.SelectMany(setting =>
                    values.Select(
                        (patch, i) => (Merge(setting.Document, patch), $"{setting.Place}axes[{number}][{i}] ")
                    )
                ),
            ];
        }

        return settings.Select(setting =>
            (setting.Document, setting.Place.Length == 0 ? "experiment." : setting.Place)
        );
    }

    /// <summary>
    /// RFC 7396, except that an object with another <c>id</c> replaces the old one: parameters of one method mean
    /// nothing to another.
    /// </summary>
    private static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        var merged = (JsonObject)target.DeepClone();
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                merged.Remove(name);
            }
            else if (value is JsonObject inner && merged[name] is JsonObject old && SameMethod(inner, old))
            {
                merged[name] = Merge(old, inner);
            }
            else
            {
                merged[name] = value.DeepClone();
            }
        }

        return merged;
    }

    private static bool SameMethod(JsonObject patch, JsonObject old) =>
        patch["id"] is not { } id || JsonNode.DeepEquals(id, old["id"]);
}
