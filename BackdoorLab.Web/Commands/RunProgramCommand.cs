using System.CommandLine;
using System.Diagnostics;
using BackdoorLab.Engine.Programs;
using BackdoorLab.Engine.Tensors;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>run-program FILE</c>: runs the program of a TorchScript file in a process of its own, started by a run that
/// checks it.
/// </summary>
internal static class RunProgramCommand
{
    // Of all memory that can be written to: a large network's pass over one question, with its gradient.
    private const ulong MostBytes = 4UL << 30;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("FILE");
        var command = new Command(
            ProgramLauncher.Command,
            "Internal: runs the program of a TorchScript file and answers questions on standard input."
        )
        {
            Hidden = true,
        };
        var threads = new Argument<int>("THREADS");
        command.Arguments.Add(file);
        command.Arguments.Add(threads);
        var seconds = new Argument<int>("SECONDS");
        command.Arguments.Add(seconds);
        command.SetAction(parsed =>
            Run(parsed.GetRequiredValue(file), parsed.GetRequiredValue(threads), parsed.GetRequiredValue(seconds))
        );
        return command;
    }

    private static int Run(string path, int threads, int seconds)
    {
        // Whatever else writes to standard output goes to standard error instead.
        using var answers = ReservedOutput.Take();
        using var questions = Console.OpenStandardInput();
        var program = File.ReadAllBytes(path);
        TorchRuntime.Initialize(threads);
        new ProgramServer(Surrender, TimeSpan.FromSeconds(seconds), () => Late(seconds)).Serve(
            program,
            questions,
            answers
        );
        return 0;
    }

    private static void Surrender()
    {
        ProcessLimits.Memory(MostBytes);
        ProcessLimits.ReadOnly();
    }

    private static void Late(int seconds)
    {
        Console.Error.WriteLine($"It gave no answer within {seconds} seconds.");
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
