using System.Diagnostics;
using System.Globalization;

namespace BackdoorLab.Benchmarks;

/// <summary>
/// A measurement in a process of its own, so that neither side inherits the other's threads or memory.
/// </summary>
internal static class Child
{
    private static readonly (string Name, string Value)[] KeptMemory =
    [
        ("MALLOC_MMAP_MAX_", "0"),
        ("MALLOC_TRIM_THRESHOLD_", "68719476736"),
    ];

    /// <summary>This program's own measurements.</summary>
    public static string Engine(int threads, params string[] arguments) =>
        Run(
            Environment.ProcessPath!,
            threads,
            Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
                ? [typeof(Child).Assembly.Location, .. arguments]
                : arguments
        );

    /// <summary>
    /// A PyTorch script that lies beside this program. With <paramref name="keepMemory"/> the C library is told to keep
    /// freed memory, as this engine's own setting does: the default gives every large tensor back to the system and
    /// takes it again in the next step.
    /// </summary>
    public static string Python(
        string interpreter,
        string script,
        int threads,
        bool keepMemory,
        params string[] arguments
    ) =>
        Run(
            interpreter,
            threads,
            [Path.Combine(AppContext.BaseDirectory, script), .. arguments],
            keepMemory ? KeptMemory : []
        );

    /// <summary>Null when the interpreter has PyTorch, else why not.</summary>
    public static string? MissingPyTorch(string interpreter)
    {
        try
        {
            Run(interpreter, 1, ["-c", "import torch"]);
            return null;
        }
        catch (InvalidOperationException error)
        {
            return error.Message;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return error.Message;
        }
    }

    private static string Run(
        string program,
        int threads,
        IEnumerable<string> arguments,
        params IEnumerable<(string Name, string Value)> environment
    )
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.TrimEnd().Split('\n')[^1]
            : throw new InvalidOperationException(
                $"{program} ended with {process.ExitCode}: {Reason(errors.Result.Trim().Split('\n'))}"
            );
    }

    // .NET names the exception before the calls, Python after them.
    private static string Reason(string[] lines) =>
        lines.FirstOrDefault(line => line.StartsWith("Unhandled exception", StringComparison.Ordinal)) ?? lines[^1];
}
