namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// What stands in a folder of pictures and was not read, counted by kind: nothing is skipped without a word.
/// </summary>
/// <param name="root">Names are given relative to it.</param>
internal sealed class LeftOut(string root)
{
    private static readonly HashSet<string> WindowsFiles = new(StringComparer.OrdinalIgnoreCase)
    {
        "Thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
    };

    private static readonly HashSet<string> SystemFolders = new(StringComparer.OrdinalIgnoreCase)
    {
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
        "__pycache__",
    };

    private readonly Dictionary<string, (int Count, string First, string Remedy)> _kinds = [];

    /// <summary>One sentence for all kinds; none where nothing was left out.</summary>
    public IEnumerable<string> Remarks =>
        _kinds.Count == 0
            ? []
            :
            [
                "left out: "
                    + string.Join(
                        "; ",
                        _kinds.Select(kind =>
                            $"{DataFile.Number(kind.Value.Count)} × {kind.Key} ({(kind.Value.Count == 1 ? "" : "the first is ")}{kind.Value.First}){kind.Value.Remedy}"
                        )
                    ),
            ];

    /// <summary>
    /// Whether a name is of the system's or an editor's making and never a class; such a one is counted.
    /// </summary>
    public bool Takes(string path, bool isFolder)
    {
        if (Hidden(Path.GetFileName(path), isFolder) is not { } kind)
        {
            return false;
        }

        Add(kind, path);
        return true;
    }

    /// <summary>Counts a file that is no picture, or of a kind that is not read.</summary>
    public void AddFile(string path)
    {
        var ending = Path.GetExtension(path).ToLowerInvariant();
        if (ImageFiles.IsUnreadPicture(path))
        {
            Add($"{ending} picture, a kind that is not read", path, "; convert them to PNG to have them read");
        }
        else
        {
            Add(ending.Length == 0 ? "file without an ending" : $"{ending} file, no picture", path);
        }
    }

    /// <summary>Counts something of a kind told by the caller.</summary>
    public void Add(string kind, string path, string remedy = "")
    {
        var (count, first) = _kinds.TryGetValue(kind, out var known)
            ? (known.Count, known.First)
            : (0, Path.GetRelativePath(root, path));
        _kinds[kind] = (count + 1, first, remedy);
    }

    private static string? Hidden(string name, bool isFolder) =>
        (name, isFolder) switch
        {
            ("__MACOSX", true) => "__MACOSX folder",
            (".ipynb_checkpoints", true) => ".ipynb_checkpoints folder",
            (_, true) when SystemFolders.Contains(name) => "system folder",
            (_, true) when name.StartsWith('.') => "hidden folder",
            (".DS_Store", false) => ".DS_Store file",
            ("Icon\r", false) => "folder icon of macOS",
            (_, false) when name.StartsWith("._", StringComparison.Ordinal) => "._ file of macOS",
            (_, false) when name.StartsWith('.') => "hidden file",
            (_, false) when WindowsFiles.Contains(name) => "system file of Windows",
            _ => null,
        };
}
