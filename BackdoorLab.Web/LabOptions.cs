using System.Net;

namespace BackdoorLab.Web;

/// <summary>
/// Settings of one lab. Read from <c>appsettings.json</c> (section <c>Lab</c>), <c>BACKDOORLAB_*</c> variables and the
/// command line, later ones winning.
/// </summary>
public sealed class LabOptions
{
    /// <summary>Section of the settings file.</summary>
    public const string Section = "Lab";

    /// <summary>
    /// Prefix of environment variables: <c>BACKDOORLAB_DATA</c>, <c>BACKDOORLAB_LAB</c>, <c>BACKDOORLAB_THREADS</c>,
    /// ...
    /// </summary>
    public const string EnvironmentPrefix = "BACKDOORLAB_";

    /// <summary>Folder of the database and the artifacts. Everything the lab writes is below it.</summary>
    public string Lab { get; set; } = "lab-data";

    /// <summary>
    /// Folder with the data sets, one folder each; empty: a <c>shared/datasets</c> beside or above the current folder,
    /// else <c>datasets</c> in the lab folder.
    /// </summary>
    public string Data { get; set; } = "";

    /// <summary>Addresses to listen on, separated by semicolons.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Whether people sign in.</summary>
    public LabMode Mode { get; set; }

    /// <summary>
    /// Without sign-in: allows addresses that other machines can reach. Whoever reaches it may do everything.
    /// </summary>
    public bool AllowRemote { get; set; }

    /// <summary>Processor threads of a run.</summary>
    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>How often a run is started before a lost worker makes it fail.</summary>
    public int MaxAttempts { get; set; } = 2;

    /// <summary>A running run whose worker was not heard of for so long is lost.</summary>
    public int LeaseSeconds { get; set; } = 120;

    /// <summary>How long a worker that was asked to stop may take before it is killed.</summary>
    public int StopSeconds { get; set; } = 8;

    /// <summary>
    /// IP addresses of the reverse proxies whose forwarded headers are believed, separated by semicolons; empty: none
    /// is.
    /// </summary>
    public string Proxy { get; set; } = "";

    /// <summary>How often an open session is checked: the longest time that somebody who was disabled stays.</summary>
    public int SessionCheckSeconds { get; set; } = 20;

    /// <summary>
    /// Address that is told when a run has ended; empty: nobody is, and no request leaves the machine.
    /// </summary>
    public string Webhook { get; set; } = "";

    /// <summary>Largest model file that may be sent in to be checked.</summary>
    public int MaxModelMegabytes { get; set; } = 1024;

    /// <summary>The SQLite file.</summary>
    public string DatabaseFile => Path.Combine(Lab, "lab.db");

    /// <summary>Root of the artifact store.</summary>
    public string ArtifactFolder => Path.Combine(Lab, "artifacts");

    /// <summary>Model files that people have sent in, by content.</summary>
    public string ModelFolder => Path.Combine(Lab, "models");

    /// <summary>Keys of the browser's protected state.</summary>
    public string KeyFolder => Path.Combine(Lab, "keys");

    /// <summary>The proxies one by one.</summary>
    public IReadOnlyList<IPAddress> Proxies => [.. Split(Proxy).Select(IPAddress.Parse)];

    /// <summary>The addresses one by one.</summary>
    public IReadOnlyList<string> Addresses => Split(Urls);

    /// <summary>The parts of a list in a setting.</summary>
    internal static string[] Split(string list) =>
        list.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
