using System.Text.Json;
using BackdoorLab.Engine.Core;
using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Training;

namespace BackdoorLab.Engine.Experiments;

/// <summary>
/// Files by stage: <c>ROOT/ab/abcdef.../name</c>. A file is written under a temporary name and renamed, so it is whole
/// or absent; a stage is done when its result file is there. Safe for several processes: equal keys have equal content.
/// </summary>
public sealed class ArtifactStore(string root)
{
    /// <summary>The weights of a stage that makes a model.</summary>
    internal const string WeightsFile = "weights.safetensors";

    /// <summary>Folder of the store.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>Path of a file, whether or not it exists.</summary>
    public string PathOf(string stage, string file) => Path.Combine(Root, stage[..2], stage, file);

    /// <summary>Whether the file is there.</summary>
    public bool Has(StageKey stage, string file) => File.Exists(PathOf(stage.Value, file));

    /// <summary>Bytes of a stage's files; 0 when it has none.</summary>
    /// <param name="stage">Key of the stage.</param>
    public long Size(string stage) =>
        Folder(stage) is { Exists: true } folder
            ? folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
            : 0;

    /// <summary>Removes a stage's files. Whoever needs the stage again computes it again.</summary>
    /// <param name="stage">Key of the stage.</param>
    public void Remove(string stage)
    {
        if (Folder(stage) is { Exists: true } folder)
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Writes bytes.</summary>
    public void Write(StageKey stage, string file, byte[] content) =>
        WholeFile.Write(PathOf(stage.Value, file), stream => stream.Write(content));

    /// <summary>Writes a value as JSON.</summary>
    public void WriteJson<T>(StageKey stage, string file, T value) =>
        Write(stage, file, JsonSerializer.SerializeToUtf8Bytes(value, SpecJson.Options));

    /// <summary>Reads a JSON file; default when it is absent or unreadable (it is then computed again).</summary>
    public T? ReadJson<T>(StageKey stage, string file)
    {
        var path = PathOf(stage.Value, file);
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), SpecJson.Options)
                : default;
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            return default;
        }
    }

    /// <summary>Whether the stage's weights are there.</summary>
    internal bool HasWeights(StageKey stage) => Has(stage, WeightsFile);

    /// <summary>Keeps the weights of a network.</summary>
    internal void SaveWeights(StageKey stage, Classifier network, string file = WeightsFile) =>
        Checkpoint.Save(PathOf(stage.Value, file), network.state_dict(), new Dictionary<string, string>());

    /// <summary>Puts kept weights into a network of the same shape, and that into evaluation mode.</summary>
    internal void LoadWeights(StageKey stage, Classifier network, string file = WeightsFile)
    {
        Checkpoint.Load(PathOf(stage.Value, file), network.state_dict());
        network.eval();
    }

    // A key is a hash; anything else could name a folder outside the store.
    private DirectoryInfo? Folder(string stage) =>
        stage.Length > 2 && stage.All(char.IsAsciiLetterOrDigit) ? new(Path.Combine(Root, stage[..2], stage)) : null;
}
