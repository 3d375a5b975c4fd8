using System.Text.Json.Nodes;
using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web;
using BackdoorLab.Web.Files;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Fuzz.Kinds;

/// <summary>Bundles, imported into a real lab; one that is refused must leave neither row nor file.</summary>
internal sealed class BundleKind : IFuzzFileKind
{
    private readonly string _artifacts;
    private readonly ServiceProvider _services;
    private readonly BundleReader _reader;
    private readonly Dictionary<string, byte[]> _good;

    internal BundleKind(string folder)
    {
        var options = new LabOptions { Lab = folder };
        _artifacts = options.ArtifactFolder;
        _services = new ServiceCollection().AddLabData(Path.Combine(folder, "lab.db")).BuildServiceProvider();
        _services.GetRequiredService<LabDatabase>().MigrateAsync().GetAwaiter().GetResult();
        _reader = ActivatorUtilities.CreateInstance<BundleReader>(_services, options);
        var id = new SampleRuns(_services, _artifacts).Finished(Presets.Demo.Spec).GetAwaiter().GetResult();
        using var zip = new MemoryStream();
        ActivatorUtilities
            .CreateInstance<BundleWriter>(_services, options)
            .Write(id, zip, default)
            .GetAwaiter()
            .GetResult();
        _good = BundleFiles.Read(zip.ToArray());
    }

    public Outcome Try(Random random, string folder)
    {
        var path = Path.Combine(folder, "bundle.zip");
        File.WriteAllBytes(path, Make(random));
        return Read(path);
    }

    public Outcome Read(string path)
    {
        var before = State();
        try
        {
            using var file = File.OpenRead(path);
            _reader.Import(file, "").GetAwaiter().GetResult();
            return Outcome.Taken;
        }
        catch (BundleException)
        {
            return State() == before
                ? Outcome.Declined
                : new(true, $"refused, but runs and files went from {before} to {State()}");
        }
    }

    private (int Runs, int Files) State() =>
        (
            _services
                .GetRequiredService<RunListQuery>()
                .ListAsync(new RunFilter(), [], 0, 1)
                .GetAwaiter()
                .GetResult()
                .Total,
            Directory.Exists(_artifacts) ? Directory.GetFiles(_artifacts, "*", SearchOption.AllDirectories).Length : 0
        );

    private byte[] Make(Random random)
    {
        var files = _good.ToDictionary(StringComparer.Ordinal);
        if (random.Next(4) > 0)
        {
            files[RunBundle.RunFile] = Damage.Json(random, JsonNode.Parse(_good[RunBundle.RunFile])!);
        }
        else
        {
            var name = files.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(files.Count));
            if (random.Next(3) == 0)
            {
                files.Remove(name);
            }
            else
            {
                files[name] = Damage.Bytes(random, files[name]);
            }
        }

        // Signed anew, or the checksum would refuse all of them alike.
        var zip = BundleFiles.Write(files, resign: random.Next(8) > 0);
        return random.Next(8) == 0 ? Damage.Bytes(random, zip) : zip;
    }
}
