using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Jobs;
using BackdoorLab.Web.Tests.Support;

namespace BackdoorLab.Web.Tests.Commands;

/// <summary>The commands as people call them, in processes of their own.</summary>
[Trait("Category", "Slow")]
public sealed class BackupTests
{
    [Fact]
    public async Task Backup_OfALabInUse_RestoresToTheSameLab()
    {
        var (backup, restored) = (
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())
        );
        try
        {
            string id;
            await using (var lab = await TestLab.StartAsync())
            {
                id = await new SampleRuns(lab.Services, Path.Combine(lab.Folder, "artifacts")).Finished(
                    Presets.Demo.Spec
                );
                Assert.Contains(
                    "The database and",
                    await Command(0, "backup", backup, "--lab", lab.Folder),
                    StringComparison.Ordinal
                );
                Assert.Contains(
                    "exists already",
                    await Command(2, "backup", backup, "--lab", lab.Folder),
                    StringComparison.Ordinal
                );
                Assert.Contains(
                    "has a database already",
                    await Command(2, "restore", backup, "--lab", backup),
                    StringComparison.Ordinal
                );
            }

            var cut = Directory.CreateDirectory(Path.Combine(backup, "cut")).FullName;
            await File.WriteAllBytesAsync(
                Path.Combine(cut, "lab.db"),
                (await File.ReadAllBytesAsync(Path.Combine(backup, "lab.db")))[..20_000]
            );
            Assert.Contains("cut off", await Command(2, "restore", cut, "--lab", restored), StringComparison.Ordinal);
            Assert.Contains("cut off", await Command(2, "backup", restored, "--lab", cut), StringComparison.Ordinal);
            Assert.Contains(
                "is no backup",
                await Command(2, "restore", restored, "--lab", restored),
                StringComparison.Ordinal
            );
            await Command(0, "restore", backup, "--lab", restored);

            await using var again = await TestLab.StartAsync(restored);
            var run = (await again.Details.FindAsync(id))!;
            Assert.Equal(RunState.Succeeded, run.Run.State);
            Assert.NotEmpty(run.Artifacts);
            Assert.All(
                run.Artifacts,
                file =>
                    Assert.True(
                        File.Exists(
                            new ArtifactStore(Path.Combine(restored, "artifacts")).PathOf(file.Stage, file.File)
                        )
                    )
            );
        }
        finally
        {
            foreach (var folder in new[] { backup, restored }.Where(Directory.Exists))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static async Task<string> Command(int code, params string[] arguments)
    {
        var start = WorkerCommandLine.Create(arguments[0], 1);
        foreach (var argument in arguments[1..])
        {
            start.ArgumentList.Add(argument);
        }

        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == code, $"ended with {process.ExitCode}: {output}");
        return output;
    }
}
