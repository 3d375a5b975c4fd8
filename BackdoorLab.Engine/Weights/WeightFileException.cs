namespace BackdoorLab.Engine.Weights;

/// <summary>A model file cannot be used. The message says why and what to do, in words for whoever chose the file.</summary>
public sealed class WeightFileException : Exception
{
    /// <summary>With the reason and the remedy.</summary>
    public WeightFileException(string message)
        : base(message)
    {
    }

    /// <summary>With the reason, the remedy and what was noticed first.</summary>
    public WeightFileException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
