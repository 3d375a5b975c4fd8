using System.CommandLine;
using BackdoorLab.Web.Commands;

// Without a command the program is the dashboard.
var root = new RootCommand(
    "BackdoorLab: an evaluation dashboard for backdoor attacks and defenses on image classifiers."
)
{
    ServeCommand.Create(),
    DemoCommand.Create(),
    RunCommand.Create(),
    StudyCommand.Create(),
    CheckCommand.Create(),
    MethodsCommand.Create(),
    ProbeCommand.Create(),
    BackupCommands.Backup(),
    BackupCommands.Restore(),
    WorkerCommand.Create(),
    InspectModelCommand.Create(),
    RunProgramCommand.Create(),
};
LabCommandOptions.AddTo(root);
root.SetAction((parsed, stop) => ServeCommand.Serve(parsed, (_, _) => Task.CompletedTask, stop));

try
{
    // A dashboard that stops waits for its worker, which may take a while to reach the end of a batch.
    return await root.Parse(args)
        .InvokeAsync(
            new InvocationConfiguration
            {
                ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
                EnableDefaultExceptionHandler = false,
            }
        );
}
catch (OperationCanceledException)
{
    return RunCommand.Incomplete;
}
catch (Exception error) when (!ConsoleProgress.Traces)
{
    Console.Error.WriteLine(
        $"{error.Message} ({error.GetType().Name}; the same with BACKDOORLAB_TRACE=1 shows where in the program.)"
    );
    return RunCommand.Incomplete;
}
