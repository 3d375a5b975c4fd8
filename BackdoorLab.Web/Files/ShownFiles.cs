namespace BackdoorLab.Web.Files;

/// <summary>Which files of the artifact store may leave it.</summary>
internal static class ShownFiles
{
    /// <summary>Content type of a picture or figure; null for all else: weights and scores stay.</summary>
    public static string? ContentType(string file) =>
        Path.GetExtension(file) switch
        {
            ".png" => "image/png",
            ".json" => "application/json",
            _ => null,
        };
}
