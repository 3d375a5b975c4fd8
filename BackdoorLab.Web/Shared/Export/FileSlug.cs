namespace BackdoorLab.Web.Shared.Export;

/// <summary>Names of downloaded files.</summary>
public static class FileSlug
{
    /// <summary>"Quantization Blindspots, INT8" becomes <c>quantization-blindspots-int8</c>.</summary>
    public static string Of(string text)
    {
        var letters = text.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : ' ')
            .ToArray();
        var slug = string.Join('-', new string(letters).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return slug.Length > 0 ? slug : "backdoorlab";
    }
}
