using System.Globalization;
using System.Text.Json.Nodes;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Studies;
using BackdoorLab.Web.Shared.Specs;
using BackdoorLab.Web.Shared.Words;

namespace BackdoorLab.Web.Features.Studies;

/// <summary>
/// A study being put together: one experiment, the values of its axes as chips, and seeds. What is on screen is what
/// will run, expanded and checked by the study's own plan after every change.
/// </summary>
public sealed class SweepDraft
{
    private const string RatePath = "attack.poisonRate";

    private readonly Dictionary<string, List<string>> _methods;
    private readonly List<double> _rates;

    /// <summary>A draft that varies nothing yet but the seed.</summary>
    public SweepDraft(SpecDraft experiment)
    {
        Experiment = experiment;
        _methods = Axes.ToDictionary(
            axis => axis.Path,
            axis => experiment.Method(axis.Path) is { } method ? new List<string> { method.Id } : []
        );
        _rates = experiment.At(RatePath) is JsonValue rate && rate.TryGetValue(out double number) ? [number] : [];
        Check();
    }

    /// <summary>Axes whose values are methods.</summary>
    public static IReadOnlyList<DraftSection> Axes => SpecDraft.Singles;

    /// <summary>The experiment; precisions and defenses are chosen in it, and belong to every run.</summary>
    public SpecDraft Experiment { get; }

    /// <summary>Name of the study.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Seeds as they were typed: <c>1-5, 8</c>.</summary>
    public string Seeds { get; private set; } = "1-3";

    /// <summary>Poison rates, rising.</summary>
    public IReadOnlyList<double> Rates => _rates;

    /// <summary>The study, when it has no fault.</summary>
    public StudySpec? Study { get; private set; }

    /// <summary>All that is wrong.</summary>
    public IReadOnlyList<SpecFault> Faults { get; private set; } = [];

    /// <summary>"4 attacks × 2 poison rates × 3 seeds = 24 runs".</summary>
    public string Size { get; private set; } = "";

    /// <summary>Grows with every change.</summary>
    public int Version { get; private set; }

    /// <summary>Ids of the chosen methods of an axis, in catalog order.</summary>
    public IReadOnlyList<string> Chosen(string path) => _methods[path];

    /// <summary>Whether a method is a value of an axis.</summary>
    public bool Has(string path, string id) => _methods[path].Contains(id);

    /// <summary>Puts a method on an axis or takes it off.</summary>
    public void Toggle(string path, MethodDescriptor method)
    {
        var chosen = _methods[path];
        if (!chosen.Remove(method.Id))
        {
            chosen.Add(method.Id);
            var order = MethodCatalog
                .Default.Of(Axes.Single(axis => axis.Path == path).Kind)
                .Select((known, i) => (known.Id, i))
                .ToDictionary(pair => pair.Id, pair => pair.i);
            chosen.Sort((a, b) => order[a].CompareTo(order[b]));
        }

        Check();
    }

    /// <summary>Replaces the poison rates; what is no number between 0 and 1 is left out.</summary>
    /// <param name="text">Shares or percent, separated by commas.</param>
    public void SetRates(string text)
    {
        _rates.Clear();
        foreach (
            var word in text.Split(
                [',', ';', ' '],
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
            )
        )
        {
            var percent = word.EndsWith('%');
            if (double.TryParse(word.TrimEnd('%'), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            {
                _rates.Add(percent ? number / 100 : number);
            }
        }

        var rising = _rates.Distinct().Order().ToList();
        _rates.Clear();
        _rates.AddRange(rising);
        Check();
    }

    /// <summary>Replaces the seeds.</summary>
    public void SetSeeds(string text)
    {
        Seeds = text;
        Check();
    }

    /// <summary>Replaces the name.</summary>
    public void SetName(string name)
    {
        Name = name;
        Check();
    }

    /// <summary>Looks again, after the experiment was changed.</summary>
    public void Check()
    {
        Version++;
        List<SpecFault> faults = [];
        var seeds = ParseSeeds(Seeds, faults);
        faults.AddRange(
            _methods
                .Where(axis => axis.Value.Count == 0)
                .Select(axis => new SpecFault(axis.Key, "Choose at least one."))
        );
        if (_rates.Count == 0)
        {
            faults.Add(new(RatePath, "give at least one poison rate, such as 1%, 5%, 10%."));
        }

        Size = Words(seeds.Count);
        Study = null;
        if (faults.Count == 0)
        {
            var study = new StudySpec
            {
                Name = Name.Trim().Length > 0 ? Name.Trim() : SuggestedName,
                Seeds = seeds,
                Experiment = Document(),
                Axes = [.. Patches()],
            };
            try
            {
                StudyPlan.Make(study);
                Study = study;
            }
            catch (SpecException error)
            {
                faults.AddRange(error.Faults);
            }
        }

        Faults = faults;
    }

    /// <summary>
    /// Takes in faults that only the files of the data sets could tell; they stand until something is changed.
    /// </summary>
    public void Refuse(IReadOnlyList<SpecFault> faults)
    {
        (Study, Faults) = (null, faults);
        Version++;
    }

    /// <summary>The name a study gets when its author gives none.</summary>
    public string SuggestedName =>
        PersonText.StudyName.Fit(
            $"{string.Join(" and ", _methods["attack"].Take(3).Select(KindWords.Name))} on {string.Join(" and ", _methods["dataset"].Take(3).Select(KindWords.Name))}"
        );

    private JsonObject Document()
    {
        var document = (JsonObject)Experiment.Document.DeepClone();
        document.Remove("seed");
        document.Remove("name");
        return document;
    }

    private IEnumerable<IReadOnlyList<JsonObject>> Patches()
    {
        foreach (var (path, ids) in _methods)
        {
            if (ids.Count != 1 || ids[0] != Experiment.Method(path)?.Id)
            {
                yield return
                [
                    .. ids.Select(id => new JsonObject
                    {
                        [path] = Experiment.Alternative(path, MethodCatalog.Default.Find(id)!),
                    }),
                ];
            }
        }

        if (_rates.Count != 1 || Experiment.At(RatePath)?.GetValue<double>() != _rates[0])
        {
            yield return
            [
                .. _rates.Select(rate => new JsonObject { ["attack"] = new JsonObject { ["poisonRate"] = rate } }),
            ];
        }
    }

    private string Words(int seeds)
    {
        (long Count, string One, string Many)[] axes =
        [
            .. Axes.Select(axis =>
                ((long)_methods[axis.Path].Count, axis.Title.ToLowerInvariant(), axis.Title.ToLowerInvariant() + "s")
            ),
            (_rates.Count, "poison rate", "poison rates"),
        ];
        var varied = axes.Where(axis => axis.Count != 1)
            .Select(axis => Numbers.Count(axis.Count, axis.One, axis.Many))
            .Append(Numbers.Count(seeds, "seed"));
        return $"{string.Join(" × ", varied)} = {Numbers.Count(axes.Aggregate((long)seeds, (product, axis) => product * axis.Count), "run")}";
    }

    private static List<int> ParseSeeds(string text, List<SpecFault> faults)
    {
        List<int> seeds = [];
        foreach (var part in text.Split([',', ';', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (
                ends.Length <= 2
                && ends.All(end => int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            )
            {
                var (from, to) = (
                    int.Parse(ends[0], CultureInfo.InvariantCulture),
                    int.Parse(ends[^1], CultureInfo.InvariantCulture)
                );
                if (from <= to && to - from < StudySpec.MostRuns)
                {
                    seeds.AddRange(Enumerable.Range(from, to - from + 1));
                    continue;
                }
            }

            faults.Add(new("seeds", $"'{part}' is neither a seed nor a range such as 1-5."));
        }

        if (seeds.Count == 0 && faults.Count == 0)
        {
            faults.Add(new("seeds", "give at least one, such as 1-5."));
        }

        return [.. seeds.Distinct()];
    }
}
