using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// Reads and checks the settings before anything else is built, so that a wrong one is one plain line and not a
/// half-started server.
/// </summary>
public static class LabOptionsReader
{
    /// <summary>Reads settings file, environment and command line.</summary>
    /// <param name="overrides">Values of the command line by key; they win.</param>
    /// <exception cref="OptionsValidationException">With all faults.</exception>
    public static LabOptions Read(IReadOnlyDictionary<string, string?>? overrides = null) =>
        Read(
            FromFiles(
                Path.Combine(AppContext.BaseDirectory, "appsettings.json"),
                Path.Combine(Directory.GetCurrentDirectory(), "appsettings.json")
            ),
            new ConfigurationBuilder().AddEnvironmentVariables(LabOptions.EnvironmentPrefix).Build(),
            new ConfigurationBuilder().AddInMemoryCollection(overrides ?? new Dictionary<string, string?>()).Build()
        );

    /// <summary>Reads the given sources, later ones winning, and makes the folders absolute.</summary>
    /// <exception cref="OptionsValidationException">With all faults.</exception>
    public static LabOptions Read(params IReadOnlyList<IConfiguration> sources)
    {
        var options = new LabOptions();
        var faults = new List<string>();
        foreach (var source in sources)
        {
            try
            {
                source.Bind(options);
            }
            catch (InvalidOperationException error)
            {
                // The binder's message names key, value and wanted type.
                faults.Add(error.Message);
            }

            // The binder also takes the number of a mode, which nobody means.
            if (int.TryParse(source[nameof(LabOptions.Mode)], out _))
            {
                faults.Add($"mode: must be local or lab; found {source[nameof(LabOptions.Mode)]}.");
            }
        }

        var given = options.Data;
        if (!string.IsNullOrWhiteSpace(options.Lab))
        {
            options.Lab = Path.GetFullPath(options.Lab);
        }

        options.Data = DataFolder(given, options.Lab);
        if (!string.IsNullOrWhiteSpace(given) && !Path.Exists(options.Data))
        {
            faults.Add($"data: the folder '{options.Data}' does not exist.");
        }

        var found = new LabOptionsValidator().Validate(Options.DefaultName, options);
        faults.AddRange(found.Failures ?? []);
        return faults.Count == 0
            ? options
            : throw new OptionsValidationException(LabOptions.Section, typeof(LabOptions), faults);
    }

    /// <summary>The settings of files; one that is absent is skipped.</summary>
    /// <exception cref="OptionsValidationException">A file is no JSON, or has a member twice.</exception>
    internal static IConfiguration FromFiles(params IReadOnlyList<string> files)
    {
        try
        {
            return files
                .Aggregate(
                    new ConfigurationBuilder() as IConfigurationBuilder,
                    (builder, file) => builder.AddJsonFile(file, optional: true)
                )
                .Build()
                .GetSection(LabOptions.Section);
        }
        catch (InvalidDataException error)
        {
            throw new OptionsValidationException(
                LabOptions.Section,
                typeof(LabOptions),
                [$"{error.Message} {error.InnerException?.Message}".TrimEnd()]
            );
        }
    }

    /// <summary>
    /// The given folder of data sets, else <c>shared/datasets</c> beside or above the current folder, else
    /// <c>datasets</c> in <paramref name="lab"/>.
    /// </summary>
    internal static string DataFolder(string? given, string lab)
    {
        if (!string.IsNullOrWhiteSpace(given))
        {
            return Path.GetFullPath(given);
        }

        for (
            var folder = new DirectoryInfo(Directory.GetCurrentDirectory());
            folder is not null;
            folder = folder.Parent
        )
        {
            var shared = Path.Combine(folder.FullName, "shared", "datasets");
            if (Directory.Exists(shared))
            {
                return shared;
            }
        }

        return Path.Combine(lab, "datasets");
    }
}
