using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace BackdoorLab.Browser.Tests;

/// <summary>The dashboard as its users start it: the built executable, a lab folder of its own, a free port.</summary>
public sealed partial class LabServer : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(240);

    private readonly Process _process;
    private readonly string? _temporary;
    private readonly List<string> _output = [];

    private LabServer(Process process, string? temporary, string lab)
    {
        (_process, _temporary, Lab) = (process, temporary, lab);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Root of the dashboard, without a slash at its end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Its folder.</summary>
    public string Lab { get; }

    /// <summary>What the program printed so far.</summary>
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

    /// <summary>
    /// Starts <paramref name="command"/> and waits until it listens. Runs get one thread: the other core belongs to the
    /// browser.
    /// </summary>
    /// <param name="command"><c>serve</c> or <c>demo</c>.</param>
    /// <param name="lab">An existing lab folder; otherwise a new one, which is removed at the end.</param>
    /// <param name="settings">Further settings by the name of their environment variable.</param>
    public static async Task<LabServer> Start(
        string command,
        string? lab = null,
        params (string Name, string Value)[] settings
    )
    {
        var temporary = lab is null ? Directory.CreateTempSubdirectory("backdoorlab-browser-").FullName : null;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (
            var argument in (string[])
                [Program(), command, "--lab", lab ?? temporary!, "--urls", "http://127.0.0.1:0", "--threads", "1"]
        )
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var server = new LabServer(Process.Start(start)!, temporary, lab ?? temporary!);
        try
        {
            server.Address = (await server.Says(Listening(), StartPatience)).Groups[1].Value.TrimEnd('/');
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>The process of the run that was started last.</summary>
    public async Task<Process> Worker()
    {
        var match = await Says(WorkerStarted(), TimeSpan.FromSeconds(60));
        return Process.GetProcessById(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    /// <summary>
    /// The dashboard's own output folder, in the configuration of these tests: there its static files are complete.
    /// </summary>
    private static string Program()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var (framework, configuration) = (output.Name, output.Parent!.Name);
        for (var folder = output; folder is not null; folder = folder.Parent)
        {
            var program = Path.Combine(
                folder.FullName,
                "BackdoorLab.Web",
                "bin",
                configuration,
                framework,
                "BackdoorLab.Web.dll"
            );
            if (File.Exists(program))
            {
                return program;
            }
        }

        throw new FileNotFoundException($"BackdoorLab.Web is not built in configuration {configuration}.");
    }

    private async Task<Match> Says(Regex words, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (words.Matches(Output) is { Count: > 0 } matches)
            {
                return matches[^1];
            }

            Assert.False(_process.HasExited, $"The dashboard ended:\n{Output}");
            Assert.True(clock.Elapsed < patience, $"The dashboard did not say '{words}' but:\n{Output}");
            await Task.Delay(50);
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.Add(line ?? "");
        }
    }

    [GeneratedRegex(@"BackdoorLab is at (http://\S+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"worker process (\d+)")]
    private static partial Regex WorkerStarted();
}
