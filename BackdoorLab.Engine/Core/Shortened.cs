using System.Globalization;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// Text of strangers inside messages: cut, on one line, and long lists with their count in place of their end.
/// </summary>
public static class Shortened
{
    private const int MostLetters = 80;
    private const int MostCharacters = 100;
    private const int MostNamed = 3;

    /// <summary>
    /// Without what cannot be seen: control characters, and those that turn the direction of a line or join letters.
    /// </summary>
    public static string Plain(string text) =>
        string.Concat(
            text.Where(letter =>
                char.GetUnicodeCategory(letter)
                    is not (
                        UnicodeCategory.Control
                        or UnicodeCategory.Format
                        or UnicodeCategory.LineSeparator
                        or UnicodeCategory.ParagraphSeparator
                    )
            )
        );

    /// <summary>
    /// A name or a value as a message may show it: at most <paramref name="most"/> letters that can be seen.
    /// </summary>
    public static string Text(string text, int most = MostLetters) =>
        text.Length <= most ? Plain(text) : $"{Plain(Head(text, most))}… ({text.Length} characters)";

    /// <summary>
    /// A text of at most <paramref name="most"/> characters as they are; a longer one is cut and ends with an ellipsis.
    /// </summary>
    public static string Of(string text, int most = MostCharacters) =>
        text.Length <= most ? text : Head(text, most - 1) + "…";

    /// <summary>The first few of a list, each cut, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> items, int most = MostNamed, int letters = MostLetters) =>
        string.Join(", ", items.Take(most).Select(item => Text(item, letters)))
        + (items.Count > most ? $" and {items.Count - most} more" : "");

    // No half of a pair at its end.
    private static string Head(string text, int length) =>
        text[..(length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
