using System.CommandLine;
using BackdoorLab.Web.Hosting;

namespace BackdoorLab.Web.Commands;

/// <summary>The options that <c>serve</c> and <c>demo</c> share.</summary>
internal static class LabCommandOptions
{
    private static readonly Option<string?> Lab = new("--lab")
    {
        Description = "Folder of database and artifacts (default: lab-data).",
        HelpName = "FOLDER",
    };

    private static readonly Option<string?> Data = new("--data")
    {
        Description =
            "Folder of the data sets (default: BACKDOORLAB_DATA, then shared/datasets beside or above, then LAB/datasets).",
        HelpName = "FOLDER",
    };

    private static readonly Option<string?> Urls = new("--urls")
    {
        Description = "Addresses to listen on (default: http://127.0.0.1:5080).",
        HelpName = "URLS",
    };

    private static readonly Option<string?> Threads = new("--threads")
    {
        Description = "Processor threads of a run (default: all cores).",
        HelpName = "N",
    };

    private static readonly Option<bool> AllowRemote = new("--allow-remote")
    {
        Description =
            "Without sign-in: allow addresses that other machines can reach. Whoever reaches it may do everything.",
    };

    private static readonly Option<string?> Mode = new("--mode")
    {
        Description = "local: no sign-in (default); lab: accounts with roles.",
        HelpName = "local|lab",
    };

    private static readonly Option<string?> Proxy = new("--proxy")
    {
        Description = "IP addresses of reverse proxies whose forwarded headers are believed.",
        HelpName = "IPS",
    };

    /// <summary>Adds them to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Lab, Data, Urls, Threads, Mode, Proxy, AllowRemote])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Settings from file, environment and this command line.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">With all faults.</exception>
    public static LabOptions Read(ParseResult parsed)
    {
        var overrides = new Dictionary<string, string?>();
        Add(nameof(LabOptions.Lab), parsed.GetValue(Lab));
        Add(nameof(LabOptions.Data), parsed.GetValue(Data));
        Add(nameof(LabOptions.Urls), parsed.GetValue(Urls));
        Add(nameof(LabOptions.Threads), parsed.GetValue(Threads));
        Add(nameof(LabOptions.Mode), parsed.GetValue(Mode));
        Add(nameof(LabOptions.Proxy), parsed.GetValue(Proxy));
        if (parsed.GetValue(AllowRemote))
        {
            Add(nameof(LabOptions.AllowRemote), bool.TrueString);
        }

        return LabOptionsReader.Read(overrides);

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                overrides[key] = value;
            }
        }
    }
}
