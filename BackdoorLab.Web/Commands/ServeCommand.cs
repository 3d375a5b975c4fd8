using System.CommandLine;
using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Security;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Commands;

/// <summary><c>serve</c>: the dashboard; what the program does when no command is given.</summary>
internal static class ServeCommand
{
    /// <summary>Exit code when it cannot start as it was asked to.</summary>
    private const int Refused = 2;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var command = new Command("serve", "Start the dashboard (the default).");
        LabCommandOptions.AddTo(command);
        command.SetAction((parsed, stop) => Serve(parsed, (_, _) => Task.CompletedTask, stop));
        return command;
    }

    /// <summary>Starts the dashboard, does <paramref name="afterStart"/>, and waits for the end.</summary>
    public static async Task<int> Serve(
        ParseResult parsed,
        Func<WebApplication, string, Task> afterStart,
        CancellationToken stop
    )
    {
        try
        {
            var options = LabCommandOptions.Read(parsed);
            CommandException.MakeFolder("--lab", new DirectoryInfo(options.Lab));
            using var held = LabLock.Take(options.Lab);
            await using var app = await LabHost.Build(options);
            await app.StartAsync(stop);
            var address = app.Urls.First();
            Console.WriteLine(
                $"BackdoorLab is at {address} (lab folder {options.Lab}, data sets in {options.Data}). Ctrl+C ends it."
            );
            if (await app.Services.GetRequiredService<FirstAdmin>().OfferAsync() is { } firstAdmin)
            {
                Console.WriteLine(
                    $"No administrator yet. Open this link once to become the first: {address}{firstAdmin}"
                );
            }

            await afterStart(app, address);
            await app.WaitForShutdownAsync(stop);
            return 0;
        }
        catch (OptionsValidationException error)
        {
            await Console.Error.WriteLineAsync(
                "The settings cannot be used:"
                    + string.Concat(error.Failures.Select(fault => Environment.NewLine + "  " + fault))
            );
            return Refused;
        }
        catch (LabDatabaseException error)
        {
            await Console.Error.WriteLineAsync(
                $"{error.Message} To go back to a backup: move the file away, then restore FOLDER --lab {LabCommandOptions.Read(parsed).Lab}"
            );
            return Refused;
        }
        catch (Exception error) when (error is LabInUseException or CommandException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return Refused;
        }
        catch (IOException error) when (error.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{error.Message} Choose another address with --urls.");
            return Refused;
        }
        catch (IOException error)
        {
            await Console.Error.WriteLineAsync($"The lab cannot be opened: {error.Message}");
            return Refused;
        }
    }
}
