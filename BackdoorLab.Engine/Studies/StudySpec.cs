using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Engine.Studies;

/// <summary>
/// A grid of experiments that are read together: one experiment, axes that vary it, and seeds that repeat it. Each
/// value of an axis is a JSON merge patch (RFC 7396) of the experiment, so that what belongs together varies together:
/// <c>{"schema":1,"name":"...","seeds":[1,2,3],"experiment":{...},
/// "axes":[[{"dataset":{"id":"gtsrb"},"training":{"epochs":25}},{"dataset":{"id":"cifar10"}}]]}</c>.
/// </summary>
public sealed record StudySpec
{
    /// <summary>Version of the JSON form.</summary>
    public const int CurrentSchema = 1;

    /// <summary>A study of more runs is refused: it would not end.</summary>
    public const int MostRuns = 2000;

    /// <summary>Version of the JSON form.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>A name for people; does not influence results.</summary>
    public required string Name { get; init; }

    /// <summary>What the study asks, in a sentence or two.</summary>
    public string Question { get; init; } = "";

    /// <summary>Seeds; every setting is run once with each.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>
    /// Clean accuracy that a precision may lose against FP32 before its cells are marked as those of a damaged model.
    /// </summary>
    [Range(0.0, 1.0)]
    public double LargestAccuracyLoss { get; init; } = 0.05;

    /// <summary>
    /// Whether models that learnt nothing, or whose backdoor did not take (<see cref="VictimOutcome"/>), are counted
    /// like others; they are in no number otherwise.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CountDamaged { get; init; }

    /// <summary>
    /// Id of the paper whose claims stand beside the numbers (see <see cref="PublishedClaims"/>), or empty.
    /// </summary>
    public string Paper { get; init; } = "";

    /// <summary>An experiment without a seed; see <see cref="ExperimentSpec"/>.</summary>
    public required JsonObject Experiment { get; init; }

    /// <summary>Axes; each a list of merge patches. Their product is the list of settings.</summary>
    public IReadOnlyList<IReadOnlyList<JsonObject>> Axes { get; init; } = [];

    /// <summary>Runs that it makes, without making them.</summary>
    public double CountRuns() => Axes.Aggregate((double)Seeds.Count, (product, axis) => product * axis.Count);

    /// <summary>Reads a study.</summary>
    /// <exception cref="SpecException">With all faults; those of the experiments name the setting.</exception>
    public static StudySpec Parse(string json)
    {
        var spec = StudyDocument.Read(StrictJson.Parse(json));
        StudyPlan.Make(spec);
        return spec;
    }

    /// <summary>The JSON form.</summary>
    public static string Write(StudySpec spec) => JsonSerializer.Serialize(spec, SpecJson.Indented);
}
