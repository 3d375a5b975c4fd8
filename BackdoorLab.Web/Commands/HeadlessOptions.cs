using System.CommandLine;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Jobs;

namespace BackdoorLab.Web.Commands;

/// <summary>
/// What <c>run</c> and <c>study</c> share: where to read and write, and how to tell that a document is wrong.
/// </summary>
/// <param name="file">Name of the file written to the output folder.</param>
/// <param name="required">Whether there must be such a folder.</param>
internal sealed class HeadlessOptions(string file, bool required = true)
{
    private readonly Option<DirectoryInfo> _output = new("--out")
    {
        Description = $"Folder for {file}; created.",
        Required = required,
    };
    private readonly Option<string?> _data = new("--data") { Description = "Folder that holds the data sets." };

    private readonly Option<DirectoryInfo?> _store = new("--store")
    {
        Description =
            "Folder of trained models and finished cells, so that repeating the command resumes it; FOLDER/store unless given.",
    };

    private readonly Option<int> _threads = new("--threads")
    {
        Description = "Kernel threads; they change the order of floating-point sums.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };

    /// <summary>What a document says or an option names, or null after what is wrong was written to stderr.</summary>
    public static T? TryRead<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception invalid) when (invalid is SpecException or CommandException)
        {
            Console.Error.WriteLine(invalid.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The spec cannot be read: {unreadable.Message}");
        }

        return null;
    }

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_output, _data, _store, _threads])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The output folder, made and writable.</summary>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public DirectoryInfo Output(ParseResult parsed) =>
        CommandException.MakeFolder("--out", parsed.GetRequiredValue(_output));

    /// <summary>The same where none has to be given; null then.</summary>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public DirectoryInfo? MaybeOutput(ParseResult parsed) =>
        parsed.GetValue(_output) is { } folder ? CommandException.MakeFolder("--out", folder) : null;

    /// <summary>Data, store and threads.</summary>
    /// <exception cref="CommandException">The store cannot be written, or the data sets are no folder.</exception>
    public RunnerOptions Runner(ParseResult parsed) => Runner(parsed, parsed.GetRequiredValue(_output).FullName);

    /// <summary>Data, store and threads, with what is written below <paramref name="output"/>.</summary>
    /// <exception cref="CommandException">The store cannot be written, or the data sets are no folder.</exception>
    public RunnerOptions Runner(ParseResult parsed, string output)
    {
        var data = LabOptionsReader.DataFolder(
            parsed.GetValue(_data) ?? Environment.GetEnvironmentVariable(LabOptions.EnvironmentPrefix + "DATA"),
            output
        );
        return LabOptionsValidator.FileAt(data) is { } file
            ? throw new CommandException($"--data: '{file}' is a file. Give the folder that holds the data sets.")
            : new(
                data,
                parsed.GetValue(_store) is { } store
                    ? CommandException.MakeFolder("--store", store).FullName
                    : Path.Combine(output, "store"),
                parsed.GetValue(_threads)
            )
            {
                Programs = new ProgramLauncher(parsed.GetValue(_threads)),
            };
    }
}
