using System.Diagnostics;
using System.Globalization;

namespace BackdoorLab.Fuzz;

/// <summary>
/// Shares inputs out to child processes, watches their memory and time, keeps what showed a fault, and prints the
/// account.
/// </summary>
internal sealed class FuzzRun(TimeSpan time, int inputs, int seed, DirectoryInfo keep, IReadOnlyList<string> kinds)
{
    private const int BatchSize = 100;
    private const long MostMemory = 1L << 30;
    private static readonly TimeSpan MostPerInput = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Tally> _tallies = kinds.ToDictionary(kind => kind, _ => new Tally());
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Runs; 0 where nothing was found, 1 otherwise.</summary>
    internal int Execute()
    {
        var shares = kinds.Sum(FuzzKinds.Share);
        for (var round = 0; _clock.Elapsed < time && _tallies.Values.Sum(tally => tally.Tried) < inputs; round++)
        {
            foreach (var kind in kinds.TakeWhile(_ => _clock.Elapsed < time))
            {
                var most = (int)Math.Ceiling(inputs * FuzzKinds.Share(kind) / shares) - _tallies[kind].Tried;
                var size = (int)Math.Ceiling(BatchSize * FuzzKinds.Share(kind));
                for (var left = Math.Min(size, most); left > 0 && _clock.Elapsed < time; )
                {
                    left -= Batch(kind, _tallies[kind].Tried, left);
                }
            }

            if (kinds.All(kind => _tallies[kind].Tried >= Math.Ceiling(inputs * FuzzKinds.Share(kind) / shares)))
            {
                break;
            }
        }

        return Report();
    }

    // One child; returns how many inputs it took before it ended, at least one.
    private int Batch(string kind, int from, int count)
    {
        var tally = _tallies[kind];
        using var child = Start(kind, from, count);
        var (at, folder, done) = (from, "", 0);
        using var late = new Timer(_ => Kill(child), null, MostPerInput, Timeout.InfiniteTimeSpan);
        while (child.StandardOutput.ReadLine() is { } line)
        {
            var parts = line.Split('\t', 3);
            if (parts.Length < 3)
            {
                continue;
            }

            late.Change(MostPerInput, Timeout.InfiniteTimeSpan);
            at = int.Parse(parts[1], CultureInfo.InvariantCulture);
            if (parts[0] == FuzzChild.Begins)
            {
                folder = parts[2];
                continue;
            }

            done++;
            tally.Tried++;
            tally.Memory = Math.Max(tally.Memory, Peak(child.Id));
            switch (parts[2])
            {
                case "refused":
                    tally.Refused++;
                    break;
                case "taken":
                    break;
                default:
                    Found(kind, at, parts[2], folder);
                    child.StandardInput.WriteLine();
                    break;
            }

            if (tally.Memory > MostMemory)
            {
                Found(kind, at, $"the process grew to {tally.Memory >> 20} MB", folder);
                Kill(child);
                tally.Memory = 0;
            }
        }

        child.WaitForExit();
        if (child.ExitCode != 0 && done < count)
        {
            Found(
                kind,
                at,
                $"the process ended with {child.ExitCode}: {child.StandardError.ReadToEnd().Split('\n')[0]}",
                folder
            );
            tally.Tried++;
            done++;
        }

        return Math.Max(1, done);
    }

    private Process Start(string kind, int from, int count)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(FuzzRun).Assembly.Location);
        }

        foreach (
            var argument in (string[])
                [
                    "child",
                    kind,
                    .. new[] { from, count }.Select(number => number.ToString(CultureInfo.InvariantCulture)),
                    "--seed",
                    seed.ToString(CultureInfo.InvariantCulture),
                ]
        )
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private void Found(string kind, int number, string fault, string folder)
    {
        _tallies[kind].Faults.Add($"{kind} {number}: {fault}");
        if (Directory.Exists(folder))
        {
            var target = Path.Combine(keep.FullName, $"{kind}-{seed}-{number}");
            foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Take(200))
            {
                var copy = Path.Combine(target, Path.GetRelativePath(folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy, overwrite: true);
            }
        }
    }

    private int Report()
    {
        Console.WriteLine($"{"kind", -12}{"inputs", 8}{"taken", 8}{"refused", 9}{"faults", 8}{"peak MB", 9}");
        foreach (var (kind, tally) in _tallies)
        {
            Console.WriteLine(
                $"{kind, -12}{tally.Tried, 8}{tally.Tried - tally.Refused - tally.Faults.Count, 8}{tally.Refused, 9}{tally.Faults.Count, 8}{tally.Memory >> 20, 9}"
            );
        }

        var faults = _tallies.Values.SelectMany(tally => tally.Faults).ToList();
        Console.WriteLine(
            $"{_tallies.Values.Sum(tally => tally.Tried)} inputs in {_clock.Elapsed.TotalSeconds:0} s, seed {seed}: {faults.Count} faults{(faults.Count > 0 ? $", inputs in {keep.FullName}" : "")}"
        );
        faults.ForEach(Console.WriteLine);
        return faults.Count == 0 ? 0 : 1;
    }

    // Largest resident memory so far, where the system tells it.
    internal static long Peak(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status")
                .FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null
                ? 0
                : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)
                    << 10;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    private sealed class Tally
    {
        internal int Tried { get; set; }

        internal int Refused { get; set; }

        internal long Memory { get; set; }

        internal List<string> Faults { get; } = [];
    }
}
