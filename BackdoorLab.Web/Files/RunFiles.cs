using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Files;

/// <summary>
/// The files of runs, in the artifact store and on the shelf of models: how much they are, and how they go.
/// </summary>
public sealed class RunFiles(LabOptions options, ModelShelf shelf)
{
    private readonly ArtifactStore _store = new(options.ArtifactFolder);

    /// <summary>Their sizes together, in bytes.</summary>
    public long Size(FreedFiles files) => files.Stages.Sum(_store.Size) + shelf.Size(files.Models);

    /// <summary>Removes them.</summary>
    public void Remove(FreedFiles files)
    {
        foreach (var stage in files.Stages)
        {
            _store.Remove(stage);
        }

        shelf.Remove(files.Models);
    }
}
