using BackdoorLab.Data;
using BackdoorLab.Engine.Experiments;

namespace BackdoorLab.Web.Files;

/// <summary>
/// Files of bundles in the artifact store: written to a folder of their own, moved to their places when they are whole,
/// taken away again when their run could not be written. What a process left behind that died in between goes at the
/// next start.
/// </summary>
public sealed class ImportedFiles(NamedFiles named, LabOptions options)
{
    /// <summary>Begins the name of every folder that is made by an import.</summary>
    public const string Mark = "imported";

    private const string Scratch = ".importing-";

    private readonly ArtifactStore _store = new(options.ArtifactFolder);

    /// <summary>Puts files in their places and then does <paramref name="record"/>: both happen or none.</summary>
    public async Task<T> Place<T>(
        IReadOnlyList<(string Stage, string File, byte[] Content)> files,
        Func<Task<T>> record
    )
    {
        var scratch = new ArtifactStore(Path.Combine(_store.Root, Scratch + Guid.NewGuid().ToString("N")));
        var placed = new List<string>();
        try
        {
            foreach (var (stage, file, content) in files)
            {
                scratch.Write(new StageKey(stage), file, content);
            }

            foreach (var stage in files.Select(file => file.Stage).Distinct())
            {
                // The same bundle, taken in before, has the same files there.
                var (from, to) = (Folder(scratch, stage), Folder(_store, stage));
                if (!Directory.Exists(to))
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                    Directory.Move(from, to);
                    placed.Add(stage);
                }
            }

            return await record();
        }
        catch
        {
            placed.ForEach(_store.Remove);
            throw;
        }
        finally
        {
            if (Directory.Exists(scratch.Root))
            {
                Directory.Delete(scratch.Root, recursive: true);
            }
        }
    }

    /// <summary>Removes what broken-off imports left; nothing else may be importing.</summary>
    public async Task CleanUp()
    {
        foreach (var left in Directory.EnumerateDirectories(_store.Root, Scratch + "*").ToList())
        {
            Directory.Delete(left, recursive: true);
        }

        var folder = Path.Combine(_store.Root, Mark[..2]);
        var stages = Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder, Mark + "*").Select(path => Path.GetFileName(path)).ToList()
            : [];
        foreach (var stage in stages.Except(stages.Count == 0 ? [] : await named.StagesAsync(Mark)))
        {
            _store.Remove(stage);
        }
    }

    private static string Folder(ArtifactStore store, string stage) =>
        Path.GetDirectoryName(store.PathOf(stage, "file"))!;
}
