using System.Text.Json.Serialization;
using BackdoorLab.Engine.Attacks;
using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// What happens during a run: a closed set of records, one JSON line each between worker and dashboard. Everything a
/// screen shows of a run is a fold over them.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(RunStarted), "run-started")]
[JsonDerivedType(typeof(StageStarted), "stage-started")]
[JsonDerivedType(typeof(StageProgress), "stage-progress")]
[JsonDerivedType(typeof(EpochFinished), "epoch-finished")]
[JsonDerivedType(typeof(ArtifactSaved), "artifact-saved")]
[JsonDerivedType(typeof(StageFinished), "stage-finished")]
[JsonDerivedType(typeof(CellFinished), "cell-finished")]
[JsonDerivedType(typeof(LogWritten), "log")]
[JsonDerivedType(typeof(RunFinished), "run-finished")]
public abstract record ExperimentEvent
{
    /// <summary>UTC.</summary>
    public DateTime At { get; init; }
}

/// <summary>Always first.</summary>
/// <param name="Stages">All stages in order, so that a screen can show what is to come.</param>
/// <param name="Cells">All cells that will get an outcome.</param>
/// <param name="Environment">Versions, processor, threads: provenance.</param>
/// <param name="EstimatedSeconds">Estimate for the whole run.</param>
public sealed record RunStarted(
    IReadOnlyList<PlannedStage> Stages,
    IReadOnlyList<CellId> Cells,
    IReadOnlyDictionary<string, string> Environment,
    double EstimatedSeconds
) : ExperimentEvent
{
    /// <summary>The data by content; null only in what a program wrote that did not know it.</summary>
    public DataFacts? Data { get; init; }

    /// <summary>How much of the training set is poisoned, beside what was asked; null where nothing is.</summary>
    public AchievedPoison? Poison { get; init; }
}

/// <summary>A stage began.</summary>
public sealed record StageStarted(string Key) : ExperimentEvent;

/// <summary>At most about four a second.</summary>
/// <param name="Key">Stage.</param>
/// <param name="Done">Units done of this stage.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Unit">"batches", "classes", ...</param>
/// <param name="RunFraction">Share of the whole run done, 0..1, by estimated work.</param>
/// <param name="EtaSeconds">Estimated seconds to the end of the run.</param>
public sealed record StageProgress(
    string Key,
    double Done,
    double Total,
    string Unit,
    double RunFraction,
    double EtaSeconds
) : ExperimentEvent;

/// <summary>An epoch of training ended.</summary>
/// <param name="Victim">Which model.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Epochs">Epochs in all.</param>
/// <param name="Loss">Mean training loss.</param>
/// <param name="CleanAccuracy">On test images, 0..1.</param>
/// <param name="AttackSuccessRate">
/// On triggered test images whose true label is not the target, 0..1; null where there are none, and for the benign
/// twin, which all attacks share.
/// </param>
public sealed record EpochFinished(
    Victim Victim,
    int Epoch,
    int Epochs,
    double Loss,
    double CleanAccuracy,
    double? AttackSuccessRate
) : ExperimentEvent
{
    /// <summary>"CA 91.2 %, ASR 99.0 %"; without the latter where it is not defined.</summary>
    public static string Words(double cleanAccuracy, double? attackSuccessRate) =>
        FormattableString.Invariant(
            $"CA {100 * cleanAccuracy:0.0} %{(attackSuccessRate is { } rate ? FormattableString.Invariant($", ASR {100 * rate:0.0} %") : "")}"
        );
}

/// <summary>
/// A picture or file that belongs to the run as a whole (trigger, poisoned sample, residual, clean image).
/// </summary>
public sealed record ArtifactSaved(ArtifactReference Artifact) : ExperimentEvent;

/// <summary>A stage ended well.</summary>
/// <param name="Key">Stage.</param>
/// <param name="Cached">True when its result came from the store.</param>
/// <param name="Seconds">Wall time (of the original computation when cached).</param>
public sealed record StageFinished(string Key, bool Cached, double Seconds) : ExperimentEvent;

/// <summary>
/// A cell has its outcome; or, told again, a number more that needed the other model's cell (<see cref="AttackGain"/>).
/// </summary>
public sealed record CellFinished(CellResult Cell) : ExperimentEvent;

/// <summary>A line of the log.</summary>
/// <param name="Level">info, warning, error.</param>
/// <param name="Message">Text.</param>
public sealed record LogWritten(string Level, string Message) : ExperimentEvent;

/// <summary>How a run ended.</summary>
public enum RunEnding
{
    /// <summary>Every cell has an outcome (some may have failed).</summary>
    Completed,

    /// <summary>Stopped by its user.</summary>
    Cancelled,

    /// <summary>Could not go on; see the error.</summary>
    Failed,
}

/// <summary>Always last, unless the process was killed.</summary>
/// <param name="Ending">How.</param>
/// <param name="Error">What went wrong, for people; empty otherwise.</param>
/// <param name="Remarks">Sentences to show beside all numbers of this run (subset, short schedule, n = 1).</param>
public sealed record RunFinished(RunEnding Ending, string Error, IReadOnlyList<string> Remarks) : ExperimentEvent
{
    /// <summary>
    /// What became of each victim; those that are not sound belong in no mean. Empty when nothing was planned.
    /// </summary>
    public IReadOnlyList<VictimOutcome> Victims { get; init; } = [];
}
