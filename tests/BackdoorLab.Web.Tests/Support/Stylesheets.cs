namespace BackdoorLab.Web.Tests.Support;

/// <summary>The stylesheets as they stand in the repository.</summary>
internal static class Stylesheets
{
    internal static string Read(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "wwwroot-assets")))
        {
            folder = folder.Parent;
        }

        return File.ReadAllText(Path.Combine(folder!.FullName, "wwwroot-assets", "css", file));
    }
}
