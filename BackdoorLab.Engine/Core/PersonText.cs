using System.Globalization;
using System.Text;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// A text that a person enters, in a form, a file, a bundle or a request: how long it may be, what may stand in it, and
/// its one form (trimmed, composed). The one place that knows this; whoever keeps such a text asks here first.
/// </summary>
/// <param name="Field">What it is, as faults name it.</param>
/// <param name="Most">Most characters (UTF-16 units of the normalised text).</param>
/// <param name="Lines">Whether it may have several lines.</param>
public sealed record PersonText(string Field, int Most, bool Lines = false)
{
    /// <summary>Name of a run.</summary>
    public static PersonText RunName { get; } = new("name", 300);

    /// <summary>Name of a study, which its runs' names begin with.</summary>
    public static PersonText StudyName { get; } = new("name", 120);

    /// <summary>What a study asks.</summary>
    public static PersonText Question { get; } = new("question", 2_000, Lines: true);

    /// <summary>Text of a parameter, such as a folder.</summary>
    public static PersonText Parameter { get; } = new("text", 1_000);

    /// <summary>What is typed where tags are added or removed.</summary>
    public static PersonText Tags { get; } = new("tags", 1_000);

    /// <summary>A note in markdown.</summary>
    public static PersonText Note { get; } = new("note", 100_000, Lines: true);

    /// <summary>Name of a saved view.</summary>
    public static PersonText ViewName { get; } = new("view name", 100);

    /// <summary>Name of a dashboard.</summary>
    public static PersonText DashboardName { get; } = new("dashboard name", 120);

    /// <summary>Heading of a part of a dashboard.</summary>
    public static PersonText PartTitle { get; } = new("part's title", 200);

    /// <summary>Text of a part of a dashboard.</summary>
    public static PersonText PartText { get; } = new("part's text", 50_000, Lines: true);

    /// <summary>What an API key is for.</summary>
    public static PersonText KeyName { get; } = new("key name", 100);

    /// <summary>What a share link opens, in words.</summary>
    public static PersonText ShareTitle { get; } = new("share title", 200);

    /// <summary>Name of an account.</summary>
    public static PersonText UserName { get; } = new("user name", 40);

    /// <summary>Name of a file that somebody sent.</summary>
    public static PersonText FileName { get; } = new("file name", 200);

    /// <summary>The text in its one form, and what is wrong with it, or null.</summary>
    public (string Text, string? Fault) Read(string? text)
    {
        // Before anything is done with it: a name of a gigabyte costs nothing but its transport.
        var given = text ?? "";
        if (given.Length > 4 * (long)Most + 1_000)
        {
            return ("", TooLong(given.Length));
        }

        var normal = Normal(given);
        return Bad(normal) is { } bad ? (normal, $"holds the character {bad}; remove it.")
            : normal.Length > Most ? (normal, TooLong(normal.Length))
            : (normal, null);
    }

    /// <summary>The text in its one form.</summary>
    /// <exception cref="PersonTextException">It is too long, or holds what no text for people holds.</exception>
    public string Take(string? text) =>
        Read(text) is (var normal, null) ? normal : throw new PersonTextException(Field, Read(text).Fault!);

    /// <summary>
    /// The text in its one form, for names that nobody typed (of a file, of a study's run): what may not stand in it is
    /// replaced, what is too long is cut.
    /// </summary>
    public string Fit(string? text)
    {
        var given = text ?? "";
        var fit = new StringBuilder(Math.Min(given.Length, Most));
        for (var i = 0; i < given.Length && fit.Length <= Most; i++)
        {
            if (char.IsSurrogatePair(given, i))
            {
                _ = fit.Append(given[i]).Append(given[++i]);
            }
            else
            {
                fit.Append(IsBad(given[i]) && !IsSpace(given[i]) ? '\uFFFD' : given[i]);
            }
        }

        return Shortened.Of(Normal(fit.ToString()), Most);
    }

    private string TooLong(int length) =>
        string.Create(CultureInfo.InvariantCulture, $"has at most {Most} characters; found {length}.");

    private string Normal(string text)
    {
        var composed = ComposedText.Of(text);
        return Lines
            ? composed.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimEnd()
            : string.Concat(composed.Select(letter => IsSpace(letter) ? ' ' : letter)).Trim();
    }

    /// <summary>The first character that may not stand in the text, as <c>U+202E</c>, or null.</summary>
    private string? Bad(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
            {
                i++;
            }
            else if (IsBad(text[i]))
            {
                return string.Create(CultureInfo.InvariantCulture, $"U+{(int)text[i]:X4} ({Words(text[i])})");
            }
        }

        return null;
    }

    private bool IsBad(char letter) =>
        (char.IsControl(letter) && !(Lines && letter is '\n' or '\t'))
        || char.IsSurrogate(letter)
        || letter
            is (>= '\u202A' and <= '\u202E')
                or (>= '\u2066' and <= '\u2069')
                or '\u2028'
                or '\u2029'
                or '\uFEFF'
                or '\uFFFE'
                or '\uFFFF';

    // What is pasted into a field of one line may bring these; they stand for a space there.
    private static bool IsSpace(char letter) =>
        letter is '\t' or '\r' or '\n' or '\u0085' or '\u2028' or '\u2029' or '\u00A0';

    private static string Words(char letter) =>
        char.IsSurrogate(letter) ? "half of a pair"
        : char.IsControl(letter) ? "a control character"
        : letter is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069')
            ? "it turns the direction of what follows"
        : "invisible";
}

/// <summary>
/// A text that somebody entered is refused; the message names the field, the rule and what was found.
/// </summary>
/// <param name="field">What it is.</param>
/// <param name="fault">What is wrong.</param>
public sealed class PersonTextException(string field, string fault) : Exception($"The {field} {fault}")
{
    /// <summary>As a fault of a spec.</summary>
    public SpecFault Fault { get; } = new(field, fault);
}
