namespace BackdoorLab.Web;

/// <summary>Settings of one lab. Read from <c>appsettings.json</c> (section <c>Lab</c>), <c>BACKDOORLAB_*</c> variables and the command line, later ones winning.</summary>
public sealed class LabOptions
{
    /// <summary>Section of the settings file.</summary>
    public const string Section = "Lab";

    /// <summary>Prefix of environment variables: <c>BACKDOORLAB_DATA</c>, <c>BACKDOORLAB_LAB</c>, <c>BACKDOORLAB_THREADS</c>, ...</summary>
    public const string EnvironmentPrefix = "BACKDOORLAB_";

    /// <summary>Folder of the database and the artifacts. Everything the lab writes is below it.</summary>
    public string Lab { get; set; } = "lab-data";

    /// <summary>Folder with the data sets, one folder each; empty: a <c>shared/datasets</c> beside or above the current folder, else <c>datasets</c> in the lab folder.</summary>
    public string Data { get; set; } = "";

    /// <summary>Addresses to listen on, separated by semicolons.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Allows addresses that other machines can reach. There is no sign-in, so whoever reaches it may do everything.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>Processor threads of a run.</summary>
    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>How often a run is started before a lost worker makes it fail.</summary>
    public int MaxAttempts { get; set; } = 2;

    /// <summary>A running run whose worker was not heard of for so long is lost.</summary>
    public int LeaseSeconds { get; set; } = 120;

    /// <summary>How long a worker that was asked to stop may take before it is killed.</summary>
    public int StopSeconds { get; set; } = 8;

    /// <summary>The SQLite file.</summary>
    public string DatabaseFile => Path.Combine(Lab, "lab.db");

    /// <summary>Root of the artifact store.</summary>
    public string ArtifactFolder => Path.Combine(Lab, "artifacts");

    /// <summary>The addresses one by one.</summary>
    public IReadOnlyList<string> Addresses => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
