using System.Globalization;

namespace BackdoorLab.Engine.Core;

/// <summary>Text of strangers inside messages: cut, on one line, and long lists with their count in place of their end.</summary>
public static class Shortened
{
    private const int MostLetters = 80;
    private const int MostNamed = 3;

    /// <summary>Without what cannot be seen: control characters, and those that turn the direction of a line or join letters.</summary>
    public static string Plain(string text) => string.Concat(text.Where(letter => char.GetUnicodeCategory(letter) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)));

    /// <summary>A name or a value as a message may show it: at most <paramref name="most"/> letters that can be seen.</summary>
    public static string Text(string text, int most = MostLetters) => text.Length <= most ? Plain(text) : $"{Plain(text[..most])}… ({text.Length} characters)";

    /// <summary>The first few of a list, each cut, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> items, int most = MostNamed, int letters = MostLetters) =>
        string.Join(", ", items.Take(most).Select(item => Text(item, letters))) + (items.Count > most ? $" and {items.Count - most} more" : "");
}
