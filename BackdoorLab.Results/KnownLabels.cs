namespace BackdoorLab.Results;

/// <summary>Labels of methods that say more than which method it was.</summary>
public static class KnownLabels
{
    /// <summary>
    /// The precision that every other one is compared with; its undefended cell gives a run's own numbers.
    /// </summary>
    public const string ReferencePrecision = "float32";

    /// <summary>The attack of a run that checks a model from a file.</summary>
    public const string UnknownAttack = "unknown";

    /// <summary>The defense of the undefended model.</summary>
    public const string Undefended = "";
}
