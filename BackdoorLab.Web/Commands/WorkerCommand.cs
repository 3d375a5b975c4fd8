using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Commands;

/// <summary><c>worker</c>: one run in a process of its own, started by the dashboard.</summary>
internal static class WorkerCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "worker",
            "Internal: takes one run as JSON on standard input and reports JSON lines on standard output."
        )
        {
            Hidden = true,
        };
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        // Ctrl+C in the dashboard's terminal reaches its children too; the dashboard decides how they end.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        var reports = ReservedOutput.Take();
        var orders = new StreamReader(Console.OpenStandardInput());
        return new WorkerSession(orders, reports, Experiment.Run, EndHard).Run();
    }

    private static void EndHard()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
