namespace BackdoorLab.Engine.Weights;

/// <summary>
/// A model file cannot be used. The message says why and what to do, in words for whoever chose the file.
/// </summary>
public sealed class WeightFileException : Exception
{
    /// <summary>With the reason and the remedy.</summary>
    public WeightFileException(string message)
        : base(message) { }

    /// <summary>With the reason, the remedy and what was noticed first.</summary>
    public WeightFileException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>
    /// Reads something of a file of strangers: whatever is wrong with it becomes one of these. What is wrong with the
    /// disk, or who may read it, stays what it is.
    /// </summary>
    internal static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new WeightFileException(
                $"The file is damaged or was not copied to its end: {error.Message} Copy it again.",
                error
            );
        }
        catch (OutOfMemoryException error)
        {
            throw new WeightFileException(
                "The file needs more memory to be read than is allowed for one. Save the weights alone, without optimizer and data.",
                error
            );
        }
        catch (Exception error) when (error is not (WeightFileException or IOException or UnauthorizedAccessException))
        {
            throw new WeightFileException(
                "The file is damaged or was not copied to its end: what it says makes no sense. Copy it again.",
                error
            );
        }
    }
}
