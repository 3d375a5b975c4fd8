namespace BackdoorLab.Engine.Tests;

/// <summary>
/// The folder with real data sets: BACKDOORLAB_DATA, else shared/datasets beside or above the repository.
/// </summary>
public static class DataRoot
{
    /// <summary>The folder, or null where there is none; tests that need it then skip.</summary>
    public static string? Find()
    {
        var given = Environment.GetEnvironmentVariable("BACKDOORLAB_DATA");
        if (!string.IsNullOrEmpty(given))
        {
            return Directory.Exists(given) ? given : null;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "datasets");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>The folder; skips the test where <paramref name="part"/> of it is absent.</summary>
    public static string Require(string part)
    {
        var root = Find();
        Skip.If(root is null || !Directory.Exists(Path.Combine(root, part)), $"No real {part}: set BACKDOORLAB_DATA.");
        return root!;
    }
}
