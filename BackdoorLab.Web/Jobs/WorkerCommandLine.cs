using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// How to start this same program again: by <c>dotnet run</c>, <c>dotnet X.dll</c>, as an executable of its own, or
/// from a test host whose process is another program.
/// </summary>
public static class WorkerCommandLine
{
    /// <summary>
    /// Start information with the environment that tensors want, file and leading arguments; <paramref name="command"/>
    /// is the last of them.
    /// </summary>
    public static ProcessStartInfo Create(string command, int threads)
    {
        var assembly = typeof(WorkerCommandLine).Assembly;
        var name = assembly.GetName().Name!;
        var process = Environment.ProcessPath;
        var start = new ProcessStartInfo();
        if (process is not null && (assembly.Location.Length == 0 || Path.GetFileName(process) == Executable(name)))
        {
            start.FileName = process;
        }
        else
        {
            start.FileName = DotnetHost(process);
            start.ArgumentList.Add(assembly.Location);
        }

        start.ArgumentList.Add(command);

        // One arena keeps freed native memory usable, the collector must not run beside native calls, and OpenMP reads
        // its count at load.
        start.Environment["MALLOC_ARENA_MAX"] = "1";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        return start;
    }

    private static string DotnetHost(string? process)
    {
        var executable = Executable("dotnet");
        if (process is not null && Path.GetFileName(process) == executable)
        {
            return process;
        }

        // .../shared/Microsoft.NETCore.App/10.0.x/ belongs to the host three folders above.
        var root = Path.GetFullPath(
            Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", executable)
        );
        return File.Exists(root) ? root : executable;
    }

    private static string Executable(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;
}
