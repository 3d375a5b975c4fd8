namespace BackdoorLab.Engine.Federated;

/// <summary>How densities of the first masks are spread over parameters.</summary>
public enum MaskSpread
{
    /// <summary>Erdős-Rényi kernel: large layers sparser than small ones.</summary>
    Erk,

    /// <summary>The same density everywhere.</summary>
    Uniform,
}
