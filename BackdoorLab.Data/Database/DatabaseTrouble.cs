using Microsoft.Data.Sqlite;

namespace BackdoorLab.Data.Database;

/// <summary>
/// Why the database takes nothing at the moment. None of these is the fault of what was to be written: later it goes.
/// </summary>
public enum DatabaseTrouble
{
    /// <summary>Another connection holds the lock for writing.</summary>
    Busy,

    /// <summary>No space is left for it.</summary>
    Full,

    /// <summary>The file cannot be reached or written: a volume that is gone, or read-only, or broken.</summary>
    Unreachable,
}

/// <summary>Tells passing trouble of the database from faults.</summary>
public static class DatabaseTroubles
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Full = 13;
    private const int CannotOpen = 14;

    /// <summary>The trouble behind an error, however it is wrapped; null when it is another error.</summary>
    public static DatabaseTrouble? Of(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is SqliteException sqlite)
            {
                return sqlite.SqliteErrorCode switch
                {
                    Busy or Locked => DatabaseTrouble.Busy,
                    Full => DatabaseTrouble.Full,
                    ReadOnly or InputOutput or CannotOpen => DatabaseTrouble.Unreachable,
                    _ => null,
                };
            }
        }

        return null;
    }
}
