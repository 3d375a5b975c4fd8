using System.Runtime.InteropServices;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Keeps standard output for reports: everything else, native libraries too, is sent to standard error.
/// </summary>
public static class ReservedOutput
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>Takes standard output over. Call once, before the engine is touched.</summary>
    public static Stream Take()
    {
        // The stream has its own duplicate of the descriptor, so descriptor 1 can be turned away below.
        var reports = new BufferedStream(Console.OpenStandardOutput(), 64 * 1024);
        Console.SetOut(Console.Error);
        if (!OperatingSystem.IsWindows() && Duplicate(StandardError, StandardOutput) < 0)
        {
            throw new IOException($"Standard output could not be redirected (error {Marshal.GetLastPInvokeError()}).");
        }

        return reports;
    }

    [DllImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static extern int Duplicate(int from, int to);
}
