using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace BackdoorLab.Results;

/// <summary>What a study shows: for each setting a table of defense x precision over its seeds.</summary>
/// <param name="Schema">Version of this form.</param>
/// <param name="Name">Name of the study.</param>
/// <param name="Question">What it asks.</param>
/// <param name="Seeds">Seeds planned.</param>
/// <param name="Settings">One for each combination of axis values.</param>
/// <param name="Seconds">
/// Wall time by stage: "train", "measure", and the label of each defense; stages that runs share are counted once.
/// </param>
/// <param name="Findings">What a paper says beside what was measured; empty for a study without a paper.</param>
/// <param name="Remarks">What must be read beside all numbers.</param>
public sealed record StudyReport(
    int Schema,
    string Name,
    string Question,
    IReadOnlyList<int> Seeds,
    IReadOnlyList<StudySetting> Settings,
    IReadOnlyDictionary<string, double> Seconds,
    IReadOnlyList<StudyFinding> Findings,
    IReadOnlyList<string> Remarks
)
{
    /// <summary>Version of the JSON form.</summary>
    public const int CurrentSchema = 2;
}

/// <summary>A published claim beside what this study measured for it.</summary>
/// <param name="Claim">What the paper says, in words.</param>
/// <param name="Setting">Title of the setting measured.</param>
/// <param name="Precision">Label of the precision measured.</param>
/// <param name="Defense">Label of the defense measured, or null for the undefended models.</param>
/// <param name="Metric">Metric compared.</param>
/// <param name="Published">The published value, 0..1, or null where the claim has only words.</param>
/// <param name="Measured">Our value, or null while there is none.</param>
/// <param name="Why">Why they agree or differ, made from recorded facts; empty while nothing is measured.</param>
public sealed record StudyFinding(
    string Claim,
    string Setting,
    string Precision,
    string? Defense,
    string Metric,
    double? Published,
    StudyValue? Measured,
    string Why
);

/// <summary>A combination of axis values.</summary>
/// <param name="Title">"CIFAR-10, ResNet-8, BadNets 10 %".</param>
/// <param name="Dataset">Label of the data set.</param>
/// <param name="Model">Label of the network.</param>
/// <param name="Attack">Label of the attack.</param>
/// <param name="PoisonRate">0..1.</param>
/// <param name="Precisions">Labels, in the order of the spec.</param>
/// <param name="Defenses">Labels, in the order of the spec.</param>
/// <param name="Cells">One for each precision without a defense, and for each defense x precision.</param>
/// <param name="Federation">
/// How clients trained the models, as the spec says it; null where they were trained in one place.
/// </param>
public sealed record StudySetting(
    string Title,
    string Dataset,
    string Model,
    string Attack,
    double PoisonRate,
    IReadOnlyList<string> Precisions,
    IReadOnlyList<string> Defenses,
    IReadOnlyList<StudyCell> Cells,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonObject? Federation = null
)
{
    /// <summary>The cell of a pair; null defense: the undefended models.</summary>
    public StudyCell? Find(string precision, string? defense) =>
        Cells.FirstOrDefault(cell => cell.Precision == precision && cell.Defense == defense);
}
