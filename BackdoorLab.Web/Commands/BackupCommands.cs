using System.CommandLine;
using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Commands;

/// <summary><c>backup</c> and <c>restore</c>: the database, the keys that cookies are made with, and the results' files.</summary>
internal static class BackupCommands
{
    private const string DatabaseFile = "lab.db";
    private const int Refused = 2;

    private static readonly string[] Folders = ["keys", "artifacts"];

    private static readonly Option<string> Lab = new("--lab") { Description = "Folder of the lab.", HelpName = "FOLDER", DefaultValueFactory = _ => new LabOptions().Lab };

    private static readonly Option<bool> NoArtifacts = new("--no-artifacts") { Description = "Leave out pictures, figures and weights; runs would have to compute them again." };

    /// <summary>Makes <c>backup</c>.</summary>
    public static Command Backup()
    {
        var to = new Argument<string>("FOLDER") { Description = "Where to; a folder for each backup. What an earlier backup there has of the results' files is not copied again." };
        var command = new Command("backup", "Copy a lab, also while it is in use.") { to, Lab, NoArtifacts };
        command.SetAction((parsed, stop) => Guarded(() => Backup(parsed.GetValue(Lab)!, parsed.GetValue(to)!, !parsed.GetValue(NoArtifacts), stop)));
        return command;
    }

    /// <summary>Makes <c>restore</c>.</summary>
    public static Command Restore()
    {
        var from = new Argument<string>("FOLDER") { Description = "A backup." };
        var command = new Command("restore", "Put a backup into a lab folder that has no database.") { from, Lab };
        command.SetAction((parsed, stop) => Guarded(() => Restore(parsed.GetValue(from)!, parsed.GetValue(Lab)!, stop)));
        return command;
    }

    private static async Task<int> Backup(string lab, string to, bool artifacts, CancellationToken stop)
    {
        var options = new LabOptions { Lab = Path.GetFullPath(lab) };
        await using var services = new ServiceCollection().AddLabData(options.DatabaseFile).BuildServiceProvider();
        var target = Path.GetFullPath(to);

        // Files first would miss those of a run that ends in between; rows first may only name files that come a moment later.
        await services.GetRequiredService<LabDatabase>().BackupAsync(Path.Combine(target, DatabaseFile), stop);
        var files = 0;
        foreach (var folder in Folders.Where(folder => artifacts || folder != "artifacts"))
        {
            files += Copy(Path.Combine(options.Lab, folder), Path.Combine(target, folder), stop);
        }

        Console.WriteLine($"The database and {files} files of {options.Lab} are in {target}.");
        return 0;
    }

    private static Task<int> Restore(string from, string lab, CancellationToken stop)
    {
        var (source, target) = (Path.GetFullPath(from), Path.GetFullPath(lab));
        if (!File.Exists(Path.Combine(source, DatabaseFile)))
        {
            throw new LabDatabaseException($"'{source}' is no backup: it has no {DatabaseFile}.");
        }

        using var held = LabLock.Take(target);
        if (File.Exists(Path.Combine(target, DatabaseFile)))
        {
            throw new LabDatabaseException($"'{target}' has a database already. Move it away first, or restore into another folder with --lab.");
        }

        var files = Folders.Sum(folder => Copy(Path.Combine(source, folder), Path.Combine(target, folder), stop));

        // Last: with the database in place the lab counts as restored.
        File.Copy(Path.Combine(source, DatabaseFile), Path.Combine(target, DatabaseFile + ".part"), overwrite: true);
        File.Move(Path.Combine(target, DatabaseFile + ".part"), Path.Combine(target, DatabaseFile));
        Console.WriteLine($"The database and {files} files are in {target}. Start it with: serve --lab {target}");
        return Task.FromResult(0);
    }

    // A file of the store never changes: one that is there with its size is the same.
    private static int Copy(string from, string to, CancellationToken stop)
    {
        var count = 0;
        foreach (var file in Directory.Exists(from) ? Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories) : [])
        {
            stop.ThrowIfCancellationRequested();
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            if (file.EndsWith(".tmp", StringComparison.Ordinal) || (File.Exists(target) && new FileInfo(target).Length == new FileInfo(file).Length))
            {
                continue;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target + ".part", overwrite: true);
            File.Move(target + ".part", target, overwrite: true);
            count++;
        }

        return count;
    }

    private static async Task<int> Guarded(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception error) when (error is LabDatabaseException or LabInUseException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return Refused;
        }
    }
}
