namespace BackdoorLab.Engine.Attacks;

/// <summary>Which label a triggered image is meant to get.</summary>
public enum LabelMapping
{
    /// <summary>Every triggered image becomes the target label.</summary>
    AllToOne,

    /// <summary>Label y becomes (y + 1) mod classes.</summary>
    AllToAll,
}
