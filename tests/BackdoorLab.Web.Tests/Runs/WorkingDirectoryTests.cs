using System.Diagnostics;
using System.Reflection;

namespace BackdoorLab.Web.Tests.Runs;

public sealed class WorkingDirectoryTests
{
    [Fact]
    public void DotnetRun_OfTheProject_KeepsTheReadersFolder()
    {
        // The web SDK would start the program inside its project folder, where "docs/specs/x.json" of the README does not exist.
        var project = Path.Combine(RepositoryFolder(), "BackdoorLab.Web");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in new[] { "msbuild", project, "-getProperty:RunWorkingDirectory", "-nodeReuse:false" })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var folder = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("", folder);
    }

    private static string RepositoryFolder()
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        while (!File.Exists(Path.Combine(folder.FullName, "BackdoorLab.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
