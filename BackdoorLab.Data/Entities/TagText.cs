namespace BackdoorLab.Data.Entities;

/// <summary>
/// The form of a tag: lower case, words joined by hyphens, so that two people who mean the same write the same.
/// </summary>
public static class TagText
{
    /// <summary>Longest tag.</summary>
    public const int MaxLength = 40;

    /// <summary>Tags of a text, separated by commas or spaces, in the tag's form, each once, in their order.</summary>
    public static IReadOnlyList<string> Parse(string? text) =>
        [
            .. (text ?? "")
                .Split([',', ';', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)
                .Select(Form)
                .Where(tag => tag.Length > 0)
                .Distinct(StringComparer.Ordinal),
        ];

    private static string Form(string word)
    {
        // Letters of any script; nothing that means something in an address or a query.
        var kept = string.Concat(
                word.ToLowerInvariant()
                    .Select(letter => char.IsLetterOrDigit(letter) || letter is '.' or '_' ? letter : '-')
            )
            .Trim('-');
        return kept.Length <= MaxLength ? kept : kept[..MaxLength].TrimEnd('-');
    }
}
