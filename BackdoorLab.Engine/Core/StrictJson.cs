using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BackdoorLab.Engine.Core;

/// <summary>
/// Reads documents of people. What the JSON reader lets pass and what would break later (a member given twice, of which
/// one would win, a number beyond <see cref="double"/>, half of a surrogate pair) is a fault with its path, as what is
/// no JSON at all is one.
/// </summary>
public static class StrictJson
{
    /// <summary>Largest document, in bytes.</summary>
    public const int MostBytes = 1 << 20;

    private const int MostDepth = 64;
    private const string Whole = "(document)";
    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    /// <summary>The text of a file.</summary>
    /// <exception cref="SpecException">It is too large or no text.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string ReadFile(string path)
    {
        // Counted while it is read: the length of a pipe or a device says nothing.
        using var file = File.OpenRead(path);
        var bytes = new byte[MostBytes + 1];
        var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return count > MostBytes
            ? throw Fault(Whole, $"has more than {MostBytes} bytes.")
            : Text(bytes.AsSpan(0, count));
    }

    /// <summary>The text of bytes in UTF-8, without the mark that some editors put before it.</summary>
    /// <exception cref="SpecException">They are no such text.</exception>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            throw Fault(Whole, "is written in UTF-16; save it as UTF-8.");
        }

        try
        {
            return Strict.GetString(bytes is [0xEF, 0xBB, 0xBF, ..] ? bytes[3..] : bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw Fault(Whole, $"is not text in UTF-8 (byte {error.Index}).");
        }
    }

    /// <summary>Goes on when a document in UTF-8 has none of the faults that <see cref="Parse"/> finds.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="ignoreCase">Whether members that differ in case alone are the same.</param>
    /// <exception cref="SpecException">With all faults.</exception>
    public static void Check(ReadOnlySpan<byte> utf8, bool ignoreCase = false)
    {
        try
        {
            var faults = Scan(utf8, ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
            if (faults.Count > 0)
            {
                throw new SpecException(faults);
            }
        }
        catch (JsonException error)
        {
            throw Fault(Whole, $"is not JSON: {error.Message}");
        }
    }

    /// <summary>Parses a document; comments and trailing commas are allowed.</summary>
    /// <param name="json">The document.</param>
    /// <param name="ignoreCase">Whether members that differ in case alone are the same.</param>
    /// <exception cref="SpecException">With all faults.</exception>
    public static JsonNode? Parse(string json, bool ignoreCase = false)
    {
        try
        {
            var bytes = Strict.GetBytes(json.StartsWith('\uFEFF') ? json[1..] : json);
            Check(bytes, ignoreCase);
            return JsonNode.Parse(
                bytes,
                documentOptions: new JsonDocumentOptions
                {
                    CommentHandling = JsonCommentHandling.Skip,
                    AllowTrailingCommas = true,
                    MaxDepth = MostDepth,
                }
            );
        }
        catch (EncoderFallbackException)
        {
            throw Fault(Whole, "holds half of a surrogate pair, which is no text.");
        }
    }

    private static SpecException Fault(string path, string message) => new([new SpecFault(path, message)]);

    private static List<SpecFault> Scan(ReadOnlySpan<byte> bytes, StringComparer names)
    {
        var faults = new List<SpecFault>();
        var places = new Stack<Place>();
        var reader = new Utf8JsonReader(
            bytes,
            new JsonReaderOptions
            {
                CommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
                MaxDepth = MostDepth,
            }
        );
        while (reader.Read())
        {
            if (
                reader.TokenType
                    is not (JsonTokenType.PropertyName or JsonTokenType.EndArray or JsonTokenType.EndObject)
                && places.TryPeek(out var list)
                && list.Names is null
            )
            {
                list.Step = $"[{list.Count++}]";
            }

            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    places.Push(new Place(new HashSet<string>(names)));
                    break;
                case JsonTokenType.StartArray:
                    places.Push(new Place(null));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    places.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    var inside = places.Peek();
                    inside.Step = Word(ref reader) is { } name ? "." + Shortened.Of(name) : ".?";
                    if (inside.Step == ".?")
                    {
                        faults.Add(new(Path(places), "has half of a surrogate pair in its name, which is no text."));
                    }
                    else if (!inside.Names!.Add(Word(ref reader)!))
                    {
                        faults.Add(new(Path(places), "is given more than once; keep one."));
                    }

                    break;
                case JsonTokenType.String when Word(ref reader) is null:
                    faults.Add(new(Path(places), "holds half of a surrogate pair, which is no text."));
                    break;
                case JsonTokenType.Number when !reader.TryGetDouble(out var number) || !double.IsFinite(number):
                    faults.Add(
                        new(
                            Path(places),
                            $"is a number that is too large; found {Shortened.Of(Encoding.ASCII.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan))}."
                        )
                    );
                    break;
            }
        }

        return faults;
    }

    private static string? Word(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string Path(Stack<Place> places)
    {
        var path = string.Concat(places.Reverse().Select(place => place.Step)).TrimStart('.');
        return path.Length > 0 ? path : Whole;
    }

    /// <summary>An object or list that is being read.</summary>
    /// <param name="names">Members so far; null for a list.</param>
    private sealed class Place(HashSet<string>? names)
    {
        public HashSet<string>? Names { get; } = names;

        public string Step { get; set; } = "";

        public int Count { get; set; }
    }
}
