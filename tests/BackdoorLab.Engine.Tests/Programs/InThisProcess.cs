using System.IO.Pipes;
using BackdoorLab.Engine.Programs;

namespace BackdoorLab.Engine.Tests.Programs;

/// <summary>
/// Runs programs on a thread beside the test; what only a process of its own shows is tested with one.
/// </summary>
internal sealed class InThisProcess : IProgramLauncher
{
    /// <summary>Times a program was started.</summary>
    internal int Started { get; private set; }

    public ProgramClient Start(string path) => Start(File.ReadAllBytes(path));

    internal ProgramClient Start(byte[] program)
    {
        Started++;
        var questions = new AnonymousPipeServerStream(PipeDirection.Out);
        var asked = new AnonymousPipeClientStream(PipeDirection.In, questions.ClientSafePipeHandle);
        var answers = new AnonymousPipeServerStream(PipeDirection.In);
        var given = new AnonymousPipeClientStream(PipeDirection.Out, answers.ClientSafePipeHandle);
        var serving = Task.Factory.StartNew(
            () =>
            {
                using (asked)
                using (given)
                {
                    new ProgramServer(() => { }, TimeSpan.FromMinutes(5), () => { }).Serve(program, asked, given);
                }
            },
            TaskCreationOptions.LongRunning
        );
        return new(
            questions,
            answers,
            () =>
            {
                questions.Dispose();
                serving.Wait();
                answers.Dispose();
                return "";
            }
        );
    }
}
