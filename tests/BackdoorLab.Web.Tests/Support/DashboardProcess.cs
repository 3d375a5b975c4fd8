using System.Diagnostics;
using System.Text.RegularExpressions;
using BackdoorLab.Web.Hosting;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>The real executable as a child process.</summary>
public sealed partial class DashboardProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];

    private DashboardProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static DashboardProcess Start(string folder, string command)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (
            var argument in (string[])
                [
                    typeof(LabHost).Assembly.Location,
                    command,
                    "--lab",
                    folder,
                    "--urls",
                    "http://127.0.0.1:0",
                    "--threads",
                    "1",
                ]
        )
        {
            start.ArgumentList.Add(argument);
        }

        return new DashboardProcess(Process.Start(start)!);
    }

    public int ExitCode => _process.ExitCode;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    /// <summary>Waits for a line of its output.</summary>
    public async Task<Match> Says(Regex words, int seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (words.Match(Output) is { Success: true } match)
            {
                return match;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(seconds), $"It did not say '{words}' but:\n{Output}");
            await Task.Delay(50);
        }
    }

    public async Task<int> WorkerProcessId() =>
        int.Parse((await Says(WorkerStarted())).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>kill -9 of this process alone, not of its children.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: false);
        _process.WaitForExit();
    }

    /// <summary>What a service manager sends.</summary>
    public bool Terminate(TimeSpan patience)
    {
        using var kill = Process.Start(
            "kill",
            ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]
        );
        kill.WaitForExit();
        return _process.WaitForExit(patience);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.Add(line ?? "");
        }
    }

    [GeneratedRegex(@"worker process (\d+)")]
    private static partial Regex WorkerStarted();
}
