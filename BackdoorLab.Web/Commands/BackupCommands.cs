using System.CommandLine;
using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// <c>backup</c> and <c>restore</c>: the database, the keys that cookies are made with, and the results' files. A
/// backup is laid out as a lab folder is.
/// </summary>
internal static class BackupCommands
{
    private const int Refused = 2;

    private static readonly Option<string> Lab = new("--lab")
    {
        Description = "Folder of the lab.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => new LabOptions().Lab,
    };

    private static readonly Option<bool> NoArtifacts = new("--no-artifacts")
    {
        Description = "Leave out pictures, figures, weights and model files; runs would have to compute them again.",
    };

    /// <summary>Makes <c>backup</c>.</summary>
    public static Command Backup()
    {
        var to = new Argument<string>("FOLDER") { Description = "Where to; a folder for each backup." };
        var command = new Command("backup", "Copy a lab, also while it is in use.") { to, Lab, NoArtifacts };
        command.SetAction(
            (parsed, stop) =>
                Guarded(() => Backup(parsed.GetValue(Lab)!, parsed.GetValue(to)!, !parsed.GetValue(NoArtifacts), stop))
        );
        return command;
    }

    /// <summary>Makes <c>restore</c>.</summary>
    public static Command Restore()
    {
        var from = new Argument<string>("FOLDER") { Description = "A backup." };
        var command = new Command("restore", "Put a backup into a lab folder that has no database.") { from, Lab };
        command.SetAction(
            (parsed, stop) => Guarded(() => Restore(parsed.GetValue(from)!, parsed.GetValue(Lab)!, stop))
        );
        return command;
    }

    private static async Task<int> Backup(string lab, string to, bool artifacts, CancellationToken stop)
    {
        var (source, target) = (Layout(lab), Layout(to));
        CommandException.MakeFolder("FOLDER", new DirectoryInfo(target.Lab));
        await using var services = new ServiceCollection().AddLabData(source.DatabaseFile).BuildServiceProvider();

        // Files first would miss those of a run that ends in between; rows first may only name files that come a moment
        // later.
        await services.GetRequiredService<LabDatabase>().BackupAsync(target.DatabaseFile, stop);
        var files = CopyFiles(source, target, artifacts, stop);
        Console.WriteLine($"The database and {files} files of {source.Lab} are in {target.Lab}.");
        return 0;
    }

    private static Task<int> Restore(string from, string lab, CancellationToken stop)
    {
        var (source, target) = (Layout(from), Layout(lab));
        if (!File.Exists(source.DatabaseFile))
        {
            throw new LabDatabaseException(
                $"'{source.Lab}' is no backup: it has no {Path.GetFileName(source.DatabaseFile)}."
            );
        }

        CommandException.MakeFolder("--lab", new DirectoryInfo(target.Lab));
        DatabaseFile.Check(source.DatabaseFile);
        using var held = LabLock.Take(target.Lab);
        if (File.Exists(target.DatabaseFile))
        {
            throw new LabDatabaseException(
                $"'{target.Lab}' has a database already. Move it away first, or restore into another folder with --lab."
            );
        }

        var files = CopyFiles(source, target, artifacts: true, stop);

        // Last: with the database in place the lab counts as restored.
        CopyWhole(source.DatabaseFile, target.DatabaseFile);
        Console.WriteLine(
            $"The database and {files} files are in {target.Lab}. Start it with: serve --lab {target.Lab}"
        );
        return Task.FromResult(0);
    }

    private static LabOptions Layout(string folder) =>
        string.IsNullOrWhiteSpace(folder)
            ? throw new CommandException(
                "The name of a folder is empty. Give the folder of the lab and that of the backup."
            )
            : new() { Lab = Path.GetFullPath(folder) };

    private static int CopyFiles(LabOptions from, LabOptions to, bool artifacts, CancellationToken stop) =>
        Copy(from.KeyFolder, to.KeyFolder, stop)
        + (
            artifacts
                ? Copy(from.ArtifactFolder, to.ArtifactFolder, stop) + Copy(from.ModelFolder, to.ModelFolder, stop)
                : 0
        );

    // A file of the store never changes: one that is there with its size is the same.
    private static int Copy(string from, string to, CancellationToken stop)
    {
        var count = 0;
        foreach (
            var file in Directory.Exists(from) ? Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories) : []
        )
        {
            stop.ThrowIfCancellationRequested();
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            if (
                file.EndsWith(".tmp", StringComparison.Ordinal)
                || (File.Exists(target) && new FileInfo(target).Length == new FileInfo(file).Length)
            )
            {
                continue;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            CopyWhole(file, target);
            count++;
        }

        return count;
    }

    private static void CopyWhole(string from, string to)
    {
        File.Copy(from, to + ".part", overwrite: true);
        File.Move(to + ".part", to, overwrite: true);
    }

    private static async Task<int> Guarded(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception error)
            when (error
                    is LabDatabaseException
                        or LabInUseException
                        or CommandException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            await Console.Error.WriteLineAsync(error.Message);
            return Refused;
        }
    }
}
