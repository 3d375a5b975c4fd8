using System.CommandLine;
using System.Diagnostics;

namespace BackdoorLab.Benchmarks.Numbers;

/// <summary>
/// Runs small versions of all specs of a folder with a built program and prints every key and number that it stores.
/// Two commits that mean to compute the same print the same; <c>diff</c> says where they do not.
/// </summary>
internal static class NumbersCommand
{
    internal static Command Create()
    {
        var program = new Option<FileInfo>("--program")
        {
            Description = "BackdoorLab.Web.dll of a build.",
            Required = true,
        };
        var specs = new Option<DirectoryInfo>("--specs")
        {
            Description = "Folder of experiments and studies.",
            DefaultValueFactory = _ => new("docs/specs"),
        };
        var data = new Option<DirectoryInfo>("--data") { Description = "Folder of the data sets.", Required = true };
        var command = new Command("numbers", "Keys and numbers of small versions of all specs, to be compared by diff.")
        {
            program,
            specs,
            data,
        };
        command.SetAction(parsed =>
        {
            var folder = Directory.CreateTempSubdirectory("backdoorlab-numbers-").FullName;
            try
            {
                var failed = parsed
                    .GetRequiredValue(specs)
                    .GetFiles("*.json")
                    .OrderBy(file => file.Name, StringComparer.Ordinal)
                    .Count(file =>
                        !Print(file, parsed.GetRequiredValue(program), parsed.GetRequiredValue(data), folder)
                    );
                return failed == 0 ? 0 : 1;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    /// <summary>Whether the program ended without a fault.</summary>
    private static bool Print(FileInfo file, FileInfo program, DirectoryInfo data, string folder)
    {
        var small = SmallSpecs.Of(File.ReadAllText(file.FullName));
        var (spec, store) = (Path.Combine(folder, file.Name), Path.Combine(folder, file.Name + ".store"));
        File.WriteAllText(spec, small.ToJsonString());
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            program.FullName,
            small["seeds"] is null ? "run" : "study",
            spec,
            "--out",
            Path.Combine(folder, file.Name + ".out"),
            "--store",
            store,
            "--data",
            data.FullName,
            "--threads",
            "1",
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (!Directory.Exists(store))
        {
            Console.Error.WriteLine($"{file.Name}: {errors.Result}");
            return false;
        }

        Console.WriteLine($"{file.Name}: exit {process.ExitCode}");
        foreach (var line in StoredNumbers.Lines(store))
        {
            Console.WriteLine($"{file.Name} {line}");
        }

        return process.ExitCode == 0;
    }
}
