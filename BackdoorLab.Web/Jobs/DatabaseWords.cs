using BackdoorLab.Data;

namespace BackdoorLab.Web.Jobs;

/// <summary>Trouble of the lab's database in words.</summary>
public static class DatabaseWords
{
    /// <summary>
    /// What is the matter and what to do, for whoever wanted to change something; null when it is no such trouble.
    /// </summary>
    public static string? Of(Exception? error) =>
        DatabaseTroubles.Of(error) switch
        {
            DatabaseTrouble.Busy =>
                "The lab's database is locked by another program, so this could not be saved. Try again in a moment.",
            DatabaseTrouble.Full =>
                "The disk of the lab is full, so this could not be saved. Free some space and try again.",
            DatabaseTrouble.Unreachable =>
                "The lab's database cannot be written, so this could not be saved. See whether its disk is there and may be written to, and try again.",
            _ => null,
        };

    /// <summary>For everybody, while it lasts.</summary>
    public static string Present(DatabaseTrouble trouble) =>
        trouble switch
        {
            DatabaseTrouble.Busy => "The lab's database is locked by another program.",
            DatabaseTrouble.Full => "The disk of the lab is full.",
            _ => "The lab's database cannot be written.",
        };

    /// <summary>What becomes of runs meanwhile.</summary>
    public static string Meanwhile(DatabaseTrouble trouble) =>
        "Runs go on and what they report is kept; it is taken in "
        + (trouble == DatabaseTrouble.Full ? "as soon as there is space." : "as soon as it can be written.");

    /// <summary>For the log of a run, when it is over.</summary>
    public static string Past(DatabaseTrouble trouble, DateTime since, DateTime until)
    {
        var what = trouble switch
        {
            DatabaseTrouble.Busy => "the lab's database was locked by another program",
            DatabaseTrouble.Full => "the disk of the lab was full",
            _ => "the lab's database could not be written",
        };
        return FormattableString.Invariant(
            $"From {since:HH:mm:ss} to {until:HH:mm:ss} UTC {what}; what the run reported meanwhile was kept and is all here."
        );
    }
}
