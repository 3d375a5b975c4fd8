namespace BackdoorLab.Engine.Core;

/// <summary>
/// A disk without space: no fault of a method, so it ends a run, which can be taken up again, and is no outcome of a
/// cell.
/// </summary>
public static class FullDisk
{
    /// <summary>What it means and what to do.</summary>
    public const string Words =
        "There is no space left on the disk of the lab. Free some, then retry: finished stages are kept.";

    // "No space left on device" everywhere but on Windows; a quota on Linux, on macOS; two of Windows.
    private static readonly int[] Codes = [28, 122, 69, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    /// <summary>Whether that is what an error says.</summary>
    /// <param name="error">Error.</param>
    public static bool Is(Exception error) => error is IOException && Codes.Contains(error.HResult);
}
