namespace BackdoorLab.Engine.Tests.Structure;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Folder of the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>
    /// Source files with one of the <paramref name="endings"/> below a folder of the repository, without build outputs;
    /// empty when the folder is absent.
    /// </summary>
    public static IEnumerable<string> Files(string folder, params string[] endings)
    {
        var path = Path.Combine(Root, folder);
        return !Directory.Exists(path)
            ? []
            : Directory
                .EnumerateFiles(path, "*", SearchOption.AllDirectories)
                .Where(file => Array.Exists(endings, ending => file.EndsWith(ending, StringComparison.Ordinal)))
                .Where(file => !Relative(file).Split('/').Any(part => part is "bin" or "obj" or ".git"));
    }

    /// <summary>Path from the root, with slashes.</summary>
    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "BackdoorLab.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No BackdoorLab.sln above {AppContext.BaseDirectory}.");
    }
}
