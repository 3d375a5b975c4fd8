namespace BackdoorLab.Web.Tests.Support;

/// <summary>The stylesheets as they stand in the repository.</summary>
internal static class Stylesheets
{
    /// <summary>A file of the folder that is served.</summary>
    internal static string Read(string file) => File.ReadAllText(Path.Combine(Folder("wwwroot-assets"), "css", file));

    /// <summary>All stylesheets, those beside a component too, by their path in the repository.</summary>
    internal static IReadOnlyDictionary<string, string> All() =>
        Files("wwwroot-assets", "*.css")
            .Concat(Files("BackdoorLab.Web", "*.razor.css"))
            .ToDictionary(
                file => Path.GetRelativePath(Path.GetDirectoryName(Folder("wwwroot-assets"))!, file).Replace('\\', '/'),
                File.ReadAllText
            );

    /// <summary>Sources of components, by path.</summary>
    internal static IReadOnlyDictionary<string, string> Components() =>
        Files("BackdoorLab.Web", "*.razor").ToDictionary(file => file, File.ReadAllText);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory
            .EnumerateFiles(Folder(folder), pattern, SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    private static string Folder(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "wwwroot-assets")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder!.FullName, name);
    }
}
