namespace BackdoorLab.Data.Entities;

/// <summary>One victim x precision x defense of a run.</summary>
internal sealed class Cell
{
    public required string RunId { get; init; }

    public required Victim Victim { get; init; }

    public required string Precision { get; init; }

    /// <summary>Empty for the undefended model: a key column cannot be null.</summary>
    public required string Defense { get; init; }

    /// <summary>
    /// Hash of the precision with all its parameters: labels name only those that differ from the defaults of their
    /// day.
    /// </summary>
    public string PrecisionKey { get; set; } = "";

    /// <summary>Hash of the defense with all its parameters; empty for the undefended model.</summary>
    public string DefenseKey { get; set; } = "";

    public Outcome Outcome { get; set; }

    public string Reason { get; set; } = "";

    /// <summary>Null where the defense judges no model, and in rows of before verdicts were kept.</summary>
    public Decision? Verdict { get; set; }

    /// <summary>Why nothing could be decided; empty otherwise.</summary>
    public string VerdictReason { get; set; } = "";

    /// <summary>Figures and classes of the verdict.</summary>
    public string VerdictFactsJson { get; set; } = "{}";

    public string NotesJson { get; set; } = "[]";

    public double? Seconds { get; set; }

    public bool Cached { get; set; }
}
