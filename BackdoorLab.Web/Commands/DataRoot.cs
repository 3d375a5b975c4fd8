namespace BackdoorLab.Web.Commands;

/// <summary>Finds the folder that holds the data sets.</summary>
internal static class DataRoot
{
    /// <summary>Environment variable with the folder.</summary>
    internal const string Variable = "BACKDOORLAB_DATA";

    /// <summary>The given folder, else the environment's, else <c>shared/datasets</c> beside or above the current folder, else <c>datasets</c> in it.</summary>
    internal static string Resolve(string? given)
    {
        var named = given ?? Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
        {
            return Path.GetFullPath(named);
        }

        for (var folder = new DirectoryInfo(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "datasets");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return Path.GetFullPath("datasets");
    }
}
