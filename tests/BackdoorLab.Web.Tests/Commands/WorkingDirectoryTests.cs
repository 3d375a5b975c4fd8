using System.Diagnostics;
using BackdoorLab.Engine.Tests.Structure;

namespace BackdoorLab.Web.Tests.Commands;

public sealed class WorkingDirectoryTests
{
    [Fact]
    public void DotnetRun_OfTheProject_KeepsTheReadersFolder()
    {
        // The web SDK would start the program inside its project folder, where "docs/specs/x.json" of the README does
        // not exist.
        var project = Path.Combine(Repository.Root, "BackdoorLab.Web");
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
}
