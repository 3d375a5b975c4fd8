using System.ComponentModel;
using System.Text.Json.Nodes;
using BackdoorLab.Data;

namespace BackdoorLab.Web.Api;

/// <summary>A run.</summary>
public sealed record ApiRun
{
    [Description("Twelve characters.")]
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required RunState State { get; init; }

    public required string Dataset { get; init; }

    public required string Model { get; init; }

    public required string Attack { get; init; }

    [Description(
        "Poison rate asked for, 0 to 1: of the training samples, in a federation of each attacker's images of other classes."
    )]
    public required double PoisonRate { get; init; }

    [Description("Poisoned training samples, once the run has begun; null when it poisons none.")]
    public required int? PoisonedImages { get; init; }

    [Description("Their share of all training samples, 0 to 1: the rate achieved.")]
    public required double? PoisonedShare { get; init; }

    public required int? TargetLabel { get; init; }

    public required long Seed { get; init; }

    [Description("Equal for runs that differ in name and seed alone.")]
    public required string ConfigHash { get; init; }

    [Description(
        "Equal for runs whose numbers may be averaged: they differ in the seed, or in which cells they have. Until a run has loaded its data, of its spec alone."
    )]
    public required string Condition { get; init; }

    [Description(
        "Why its backdoored model is no victim, because it learnt nothing or the backdoor did not take; empty when it is one. Such runs are in no mean."
    )]
    public required string Damage { get; init; }

    [Description("Who submitted it; empty in a lab without accounts.")]
    public required string Owner { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    [Description("The study it belongs to, or null.")]
    public required string? StudyId { get; init; }

    [Description("UTC.")]
    public required DateTime Created { get; init; }

    public required DateTime? Started { get; init; }

    public required DateTime? Ended { get; init; }

    [Description("Share done, 0 to 1.")]
    public required double Fraction { get; init; }

    [Description("What it is doing now.")]
    public required string Phase { get; init; }

    [Description("What went wrong; empty otherwise.")]
    public required string Error { get; init; }

    [Description("Of the undefended backdoored model in the reference precision, 0 to 1.")]
    public required double? CleanAccuracy { get; init; }

    [Description("Of the undefended backdoored model in the reference precision, 0 to 1.")]
    public required double? AttackSuccessRate { get; init; }

    /// <summary>The run of a row.</summary>
    public static ApiRun From(RunItem run) =>
        new()
        {
            Id = run.Id,
            Name = run.Name,
            State = run.State,
            Dataset = run.Dataset,
            Model = run.Model,
            Attack = run.Attack,
            PoisonRate = run.PoisonRate,
            PoisonedImages = run.PoisonedImages,
            PoisonedShare = run.PoisonedShare,
            TargetLabel = run.TargetLabel,
            Seed = run.Seed,
            ConfigHash = run.ConfigHash,
            Condition = run.ConditionKey,
            Damage = run.BackdooredDamage,
            Owner = run.Owner,
            Tags = run.Tags,
            StudyId = run.StudyId,
            Created = run.Created,
            Started = run.Started,
            Ended = run.Ended,
            Fraction = run.Fraction,
            Phase = run.Phase,
            Error = run.Error,
            CleanAccuracy = run.CleanAccuracy,
            AttackSuccessRate = run.AttackSuccessRate,
        };
}

/// <summary>A page of runs, newest first.</summary>
/// <param name="Next">Give it back as <c>after</c> for the next page; null at the end.</param>
public sealed record ApiRunPage(IReadOnlyList<ApiRun> Runs, string? Next);

/// <summary>A run in full.</summary>
/// <param name="Run">What lists show.</param>
/// <param name="Spec">The whole spec.</param>
/// <param name="Environment">Versions, processor, threads; empty before the first start.</param>
/// <param name="Remarks">Sentences to read beside all its numbers.</param>
/// <param name="Data">The data by content; null before the run has loaded it.</param>
public sealed record ApiRunDetail(
    ApiRun Run,
    JsonNode? Spec,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyList<string> Remarks,
    DataContent? Data
);

/// <summary>A cell: one model at one precision under one defense.</summary>
/// <param name="Model"><c>Backdoored</c>, <c>Benign</c> or, of a model from a file, <c>Suspect</c>.</param>
/// <param name="Defense">Defense; empty for the undefended model.</param>
/// <param name="Outcome">Whether there is a value, and if not, what there is instead.</param>
/// <param name="Reason">Why there is no value; empty when there is.</param>
/// <param name="Verdict">What the defense says of the model; null where it judges none, where there is no value, and in
/// results of before verdicts were kept.</param>
/// <param name="Notes">What must be read beside the numbers.</param>
/// <param name="Seconds">Wall time of computing it.</param>
/// <param name="Measurements">Its numbers; shares are 0 to 1.</param>
public sealed record ApiCell(
    string Model,
    string Precision,
    string Defense,
    Outcome Outcome,
    string Reason,
    ApiVerdict? Verdict,
    IReadOnlyList<string> Notes,
    double? Seconds,
    IReadOnlyList<Measurement> Measurements
)
{
    /// <summary>The cell of a row.</summary>
    public static ApiCell From(CellResult cell) =>
        new(
            VictimName.Of(cell.Id.Victim),
            cell.Id.Precision,
            cell.Id.DefenseLabel,
            cell.Outcome,
            cell.Reason,
            ApiVerdict.From(cell.Verdict),
            cell.Notes,
            cell.Seconds,
            cell.Measurements
        );
}

/// <summary>What is said of a model, as facts and as the sentence that people read.</summary>
/// <param name="Decision">The answer.</param>
/// <param name="Reason">Code of why nothing could be decided: <c>norm-ceiling</c>, <c>no-working-trigger</c>,
/// <c>low-accuracy</c>, <c>cannot-fire</c>, <c>no-spread</c>, <c>no-class-spread</c>, <c>few-classes</c>,
/// <c>no-gradient</c>, <c>no-detector</c>; empty otherwise.</param>
/// <param name="Figures">The numbers behind it, by id.</param>
/// <param name="Classes">The classes suspected, or the most conspicuous one.</param>
/// <param name="Sentence">All of it in words.</param>
public sealed record ApiVerdict(
    Decision Decision,
    string Reason,
    IReadOnlyDictionary<string, double> Figures,
    IReadOnlyList<NamedClass> Classes,
    string Sentence
)
{
    /// <summary>Of a verdict; null stays null.</summary>
    public static ApiVerdict? From(Verdict? verdict) =>
        verdict is null
            ? null
            : new(
                verdict.Decision,
                ReasonCode.Of(verdict.Reason),
                verdict.Figures,
                verdict.Classes,
                VerdictWords.Sentence(verdict)
            );
}

/// <summary>The cells of a run, for other programs to keep.</summary>
/// <param name="SchemaVersion">Grows when a member changes its meaning or goes.</param>
/// <param name="Verdict">Of a check of a model from a file: what it comes to over all detectors; null for other runs
/// and while it is not known.</param>
/// <param name="Remarks">Sentences to read beside all its numbers.</param>
public sealed record ApiCells(
    int SchemaVersion,
    ApiRun Run,
    ApiVerdict? Verdict,
    IReadOnlyList<string> Remarks,
    IReadOnlyList<ApiCell> Cells
);

/// <summary>A run that was submitted.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Page">Its page.</param>
public sealed record ApiSubmitted(string Id, string Page);
