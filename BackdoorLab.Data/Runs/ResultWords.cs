namespace BackdoorLab.Data.Runs;

/// <summary>The few words of the engine's vocabulary on which the summary columns of a run depend.</summary>
public static class ResultWords
{
    /// <summary>The victim trained on poisoned data.</summary>
    public const string Backdoored = "Backdoored";

    /// <summary>Its benign twin.</summary>
    public const string Benign = "Benign";

    /// <summary>A model from a file, of which nothing is known.</summary>
    public const string Suspect = "Suspect";

    /// <summary>Id of the attack of runs that check such a model.</summary>
    public const string UnknownAttack = "unknown";

    /// <summary>Label of the precision whose undefended cell fills the summary columns.</summary>
    public const string ReferencePrecision = "float32";

    /// <summary>Stands for "no defense" in a cell's key.</summary>
    public const string Undefended = "";

    /// <summary>Id of the clean accuracy.</summary>
    public const string CleanAccuracy = "clean-accuracy";

    /// <summary>Id of the detection rate.</summary>
    public const string DetectionRate = "detection-rate";

    /// <summary>Id of the false-positive rate.</summary>
    public const string FalsePositiveRate = "false-positive-rate";

    /// <summary>Id of the detection rate of samples within a model.</summary>
    public const string SampleDetectionRate = "sample-detection-rate";

    /// <summary>Id of the false-positive rate of samples within a model.</summary>
    public const string SampleFalsePositiveRate = "sample-false-positive-rate";

    /// <summary>Id of the attack success rate.</summary>
    public const string AttackSuccessRate = "attack-success-rate";
}
