using System.Diagnostics;
using System.Globalization;
using System.Text;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Weights;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Runs programs of strangers in child processes of this same program. A child can write no file and make no
/// connection, has a limit of memory, and ends itself when an answer takes too long; it ends with its parent too, as
/// nothing more is asked then.
/// </summary>
/// <param name="threads">Kernel threads of a child; its parent waits while it computes.</param>
/// <param name="seconds">Longest time of one answer: a pass over 256 pictures of 32 x 32, or one or a few large
/// ones.</param>
public sealed class ProgramLauncher(int threads, int seconds = 60) : IProgramLauncher
{
    /// <summary>Name of the command.</summary>
    public const string Command = "run-program";

    private const int MostLetters = 2000;

    /// <inheritdoc/>
    public ProgramClient Start(string path)
    {
        if (!ProcessLimits.HasReadOnly)
        {
            throw new WeightFileException(
                "The file is TorchScript, and its program is run on 64-bit Linux alone, where the system keeps it from writing files. Save the state dict of a network of the catalog instead."
            );
        }

        var start = WorkerCommandLine.Create(Command, threads);
        start.ArgumentList.Add(Path.GetFullPath(path));
        start.ArgumentList.Add(threads.ToString(CultureInfo.InvariantCulture));
        start.ArgumentList.Add(seconds.ToString(CultureInfo.InvariantCulture));
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var process = Process.Start(start)!;
        var words = new StringBuilder();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (words)
            {
                if (line.Data is { Length: > 0 } text && words.Length < MostLetters)
                {
                    words.Append(words.Length > 0 ? " " : "").Append(text);
                }
            }
        };
        process.BeginErrorReadLine();
        return new(process.StandardInput.BaseStream, process.StandardOutput.BaseStream, () => End(process, words));
    }

    private static string End(Process process, StringBuilder words)
    {
        try
        {
            process.Kill();
            process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It was ended before.
        }

        process.Dispose();
        lock (words)
        {
            return words.ToString();
        }
    }
}
