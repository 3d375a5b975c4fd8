namespace BackdoorLab.Results;

/// <summary>Which model a cell is about.</summary>
public enum Victim
{
    /// <summary>Trained on poisoned data.</summary>
    Backdoored,

    /// <summary>The benign twin: the same training with poison rate 0.</summary>
    Benign,

    /// <summary>A model from a file, of which nothing is known.</summary>
    Suspect,
}
