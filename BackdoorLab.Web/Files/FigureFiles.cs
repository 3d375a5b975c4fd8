using System.Text.Json;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Files;

/// <summary>Reads figures from the artifact store.</summary>
public sealed class FigureFiles(LabOptions options)
{
    private readonly ArtifactStore _store = new(options.ArtifactFolder);

    /// <summary>The figure in a file, or what is wrong with the file.</summary>
    public async Task<(Figure? Figure, string Fault)> Read(ArtifactReference file)
    {
        try
        {
            await using var stream = File.OpenRead(_store.PathOf(file.Stage, file.File));
            return (await JsonSerializer.DeserializeAsync<Figure>(stream, SpecJson.Options), "");
        }
        catch (IOException)
        {
            return (null, "Its file is not in the artifact store any more. Retry the run to make it again.");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return (null, "Its file is damaged. Retry the run to make it again.");
        }
    }
}
