namespace BackdoorLab.Data.Database;

/// <summary>The database cannot be used; the message tells its reader what to do.</summary>
public sealed class LabDatabaseException : Exception
{
    /// <summary>With a message for people.</summary>
    public LabDatabaseException(string message)
        : base(message) { }

    /// <summary>With a message for people and its cause.</summary>
    public LabDatabaseException(string message, Exception inner)
        : base(message, inner) { }
}
