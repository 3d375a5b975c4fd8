using System.Globalization;
using System.Text;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// Unicode's composed form (NFC, UAX 15): the same words are the same characters, whichever keyboard or file system
/// they came from. The program runs without the system's Unicode library (invariant globalization), where
/// <see cref="string.Normalize()"/> changes nothing.
/// </summary>
public static class ComposedText
{
    // Hangul syllables are computed, as the standard does (section 3.12).
    private const int Syllables = 0xAC00,
        Leads = 0x1100,
        Vowels = 0x1161,
        Tails = 0x11A7,
        LeadCount = 19,
        VowelCount = 21,
        TailCount = 28;

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    /// <summary>The composed form of a text; halves of surrogate pairs stay as they are.</summary>
    public static string Of(string text)
    {
        if (text.All(letter => letter < 0xC0))
        {
            return text;
        }

        var points = new List<int>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var pair = char.IsSurrogatePair(text, i);
            Decompose(pair ? char.ConvertToUtf32(text, i) : text[i], points);
            i += pair ? 1 : 0;
        }

        Order(points);
        Compose(points);
        var composed = new StringBuilder(text.Length);
        foreach (var point in points)
        {
            _ = point is >= 0xD800 and <= 0xDFFF
                ? composed.Append((char)point)
                : composed.Append(char.ConvertFromUtf32(point));
        }

        return composed.ToString();
    }

    private static void Decompose(int point, List<int> into)
    {
        if (point - Syllables is >= 0 and < LeadCount * VowelCount * TailCount and var syllable)
        {
            into.Add(Leads + (syllable / (VowelCount * TailCount)));
            into.Add(Vowels + (syllable % (VowelCount * TailCount) / TailCount));
            if (syllable % TailCount > 0)
            {
                into.Add(Tails + (syllable % TailCount));
            }
        }
        else if (Data.Value.Parts.TryGetValue(point, out var parts))
        {
            foreach (var part in parts)
            {
                Decompose(part, into);
            }
        }
        else
        {
            into.Add(point);
        }
    }

    /// <summary>Marks after one letter in the order of their classes; equal classes keep theirs.</summary>
    private static void Order(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && Class(points[end]) > 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                var ordered = points.GetRange(start, end - start).OrderBy(Class).ToList();
                points.RemoveRange(start, end - start);
                points.InsertRange(start, ordered);
            }

            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        var (starter, last, kept) = (-1, -1, 0);
        for (var i = 0; i < points.Count; i++)
        {
            var (point, kind) = (points[i], Class(points[i]));

            // A mark is blocked by one of its own class or higher that stands between it and the letter.
            if (starter >= 0 && last < kind && Pair(points[starter], point) is { } composed)
            {
                points[starter] = composed;
                continue;
            }

            (starter, last) = kind == 0 ? (kept, -1) : (starter, kind);
            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private static int? Pair(int first, int second)
    {
        if (
            first - Leads is >= 0 and < LeadCount and var lead
            && second - Vowels is >= 0 and < VowelCount and var vowel
        )
        {
            return Syllables + (((lead * VowelCount) + vowel) * TailCount);
        }

        if (
            first - Syllables is >= 0 and < LeadCount * VowelCount * TailCount and var syllable
            && syllable % TailCount == 0
            && second - Tails is > 0 and < TailCount and var tail
        )
        {
            return first + tail;
        }

        return Data.Value.Pairs.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private static int Class(int point) => Data.Value.Classes.GetValueOrDefault(point);

    private sealed record Tables(
        Dictionary<int, int[]> Parts,
        Dictionary<int, int> Classes,
        Dictionary<(int, int), int> Pairs
    )
    {
        public static Tables Read()
        {
            var tables = new Tables([], [], []);
            using var lines = new StreamReader(
                typeof(ComposedText).Assembly.GetManifestResourceStream("UnicodeCanonical.txt")!
            );
            while (lines.ReadLine() is { } line)
            {
                if (line[0] == '#' || line.Split(';') is not [var code, var kind, var parts])
                {
                    continue;
                }

                var point = Hex(code);
                if (kind != "0")
                {
                    tables.Classes[point] = int.Parse(kind, CultureInfo.InvariantCulture);
                }

                if (parts.Length > 0)
                {
                    var points = parts.TrimEnd('!').Split(' ').Select(Hex).ToArray();
                    tables.Parts[point] = points;
                    if (parts[^1] != '!')
                    {
                        tables.Pairs[(points[0], points[1])] = point;
                    }
                }
            }

            return tables;
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
