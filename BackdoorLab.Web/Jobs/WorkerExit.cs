namespace BackdoorLab.Web.Jobs;

/// <summary>How a worker process ended.</summary>
/// <param name="Code">Exit code; 128 + signal when a signal ended it.</param>
/// <param name="ErrorTail">Last lines it wrote to standard error.</param>
public sealed record WorkerExit(int Code, IReadOnlyList<string> ErrorTail)
{
    /// <summary>The worker did its work to the end and said so.</summary>
    public const int Completed = 0;

    /// <summary>The worker reported a failure itself (see its last event); trying again would fail again.</summary>
    public const int Failed = 1;

    /// <summary>The worker stopped because it was told to.</summary>
    public const int Stopped = 3;

    /// <summary>Words for people: exit code or signal, and the last error lines.</summary>
    public string Describe()
    {
        var how = Code switch
        {
            134 =>
                "the worker process aborted (exit code 134, SIGABRT): usually an error inside the native tensor library",
            137 =>
                "the worker process was killed (exit code 137, SIGKILL): by somebody, or by the system for lack of memory",
            139 => "the worker process crashed (exit code 139, SIGSEGV)",
            > 128 and < 193 => $"the worker process ended by signal {Code - 128} (exit code {Code})",
            _ => $"the worker process ended unexpectedly with exit code {Code}",
        };
        return ErrorTail.Count == 0 ? how + "." : $"{how}. Its last lines:\n{string.Join('\n', ErrorTail)}";
    }
}
