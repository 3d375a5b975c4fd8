namespace BackdoorLab.Engine.Weights;

/// <summary>
/// How much a pickle may ask for while it is read. A few bytes of it can stand for large objects, so size alone says
/// nothing.
/// </summary>
internal sealed class PickleBudget
{
    /// <summary>Bytes of the pickle itself.</summary>
    internal const long MostPickleBytes = 64 << 20;

    /// <summary>Axes of a tensor; no weight has more than five.</summary>
    internal const int MostAxes = 32;

    /// <summary>Letters of a name or a text; longer ones are data and not read.</summary>
    internal const int MostLetters = 1024;

    // Weights of the largest networks, an optimizer and lists of a million indices stay far below.
    private const long MostBytes = 96 << 20;

    private long _left = MostBytes;

    /// <summary>Takes from it what a new object needs in memory.</summary>
    /// <exception cref="WeightFileException">There is not enough left.</exception>
    internal void Spend(long bytes)
    {
        _left -= bytes;
        if (_left < 0)
        {
            throw new WeightFileException(
                $"The pickle in the file describes far more objects than weights need (over {MostBytes >> 20} MB of them); it was not read further. {WeightFile.Remedy}"
            );
        }
    }
}
