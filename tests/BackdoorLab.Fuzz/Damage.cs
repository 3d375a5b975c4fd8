using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace BackdoorLab.Fuzz;

/// <summary>Ways in which files and documents go wrong.</summary>
internal static class Damage
{
    private static readonly long[] Extremes =
    [
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        32767,
        65535,
        65536,
        99_999_999_999_999,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
    ];

    private static readonly string[] Texts =
    [
        "",
        " ",
        "\0",
        "a\0b",
        "../../etc/passwd",
        "/dev/zero",
        "NaN",
        "Infinity",
        "-1",
        "1e999",
        "null",
        "\u202Eabc",
        "\uFEFF",
        "\u0001",
        "<script>",
        new('x', 5000),
        new('x', 70_000),
        "{}",
        "id",
        "0001-01-01T00:00:00",
    ];

    // What a document's writer would not write: it stands behind a mark until the text is made.
    private static readonly string[] Raw = ["1e999", "1e308", "\"\\ud800\"", "[null]", "[[[[]]]]", "NaN"];

    private const string Mark = "@@";

    /// <summary>
    /// One to four changes of bytes: flips, extreme integers, pieces cut out, doubled or moved, the end cut off.
    /// </summary>
    internal static byte[] Bytes(Random random, byte[] bytes)
    {
        var list = (byte[])bytes.Clone();
        for (var i = random.Next(1, 5); i > 0 && list.Length > 0; i--)
        {
            var at = random.Next(list.Length);
            var length = Math.Min(list.Length - at, random.Next(1, 1 + (random.Next(4) == 0 ? list.Length : 32)));
            switch (random.Next(7))
            {
                case 0:
                    list[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    list[at] = (byte)random.Next(256);
                    break;
                case 2 when at + 8 <= list.Length:
                    BinaryPrimitives.WriteInt64LittleEndian(list.AsSpan(at), Extremes[random.Next(Extremes.Length)]);
                    break;
                case 3:
                    list = [.. list[..at], .. list[(at + length)..]];
                    break;
                case 4 when list.Length < 1 << 22:
                    list = [.. list[..(at + length)], .. list[at..]];
                    break;
                case 5:
                    list = list[..at];
                    break;
                default:
                    random.NextBytes(list.AsSpan(at, length));
                    break;
            }
        }

        return list;
    }

    /// <summary>
    /// One to three changes of a document, as text: values replaced, members lost or given twice, depth, then perhaps
    /// bytes.
    /// </summary>
    internal static byte[] Json(Random random, JsonNode good)
    {
        var document = good.DeepClone();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            Change(random, document);
        }

        var text = document.ToJsonString();
        for (var i = 0; i < Raw.Length; i++)
        {
            text = text.Replace($"\"{Mark}{i}\"", Raw[i], StringComparison.Ordinal);
        }

        switch (random.Next(12))
        {
            case 0:
                // A member given twice.
                var names = Members(document).ToList();
                if (names.Count > 0)
                {
                    var (owner, name) = names[random.Next(names.Count)];
                    var member = owner[name]?.ToJsonString() ?? "null";
                    var quoted = JsonValue.Create(name).ToJsonString();
                    text = text.Replace(
                        $"{quoted}:{member}",
                        $"{quoted}:{member},{quoted}:{Value(random)?.ToJsonString() ?? "null"}",
                        StringComparison.Ordinal
                    );
                }

                break;
            case 1:
                var depth = random.Next(10, 2000);
                text = text.Replace(
                    "1",
                    new string('[', depth) + "1" + new string(']', depth),
                    StringComparison.Ordinal
                );
                break;
            case 2:
                text = text.Replace("0.", "1e400", StringComparison.Ordinal);
                break;
            case 3:
                return Bytes(random, Encoding.UTF8.GetBytes(text));
            default:
                break;
        }

        return Encoding.UTF8.GetBytes(text);
    }

    private static void Change(Random random, JsonNode document)
    {
        var members = Members(document).ToList();
        if (members.Count == 0)
        {
            return;
        }

        var (owner, name) = members[random.Next(members.Count)];
        switch (random.Next(4))
        {
            case 0:
                owner.Remove(name);
                break;
            case 1:
                owner[name + "x"] = Value(random);
                break;
            case 2 when owner[name] is JsonArray { Count: > 0 } list && random.Next(2) == 0:
                list.Add(random.Next(3) == 0 ? Value(random) : list[0]?.DeepClone());
                break;
            case 3 when owner[name] is JsonArray { Count: > 0 } items:
                items[random.Next(items.Count)] = Value(random);
                break;
            default:
                owner[name] = Value(random);
                break;
        }
    }

    private static JsonNode? Value(Random random) =>
        random.Next(9) switch
        {
            0 => null,
            1 => JsonValue.Create(Extremes[random.Next(Extremes.Length)]),
            2 => JsonValue.Create(random.NextDouble() * Math.Pow(10, random.Next(-12, 12))),
            3 => JsonValue.Create(random.Next(2) == 0),
            4 => new JsonArray(),
            5 => new JsonObject { ["id"] = Texts[random.Next(Texts.Length)] },
            6 => JsonValue.Create($"{Mark}{random.Next(Raw.Length)}"),
            _ => JsonValue.Create(Texts[random.Next(Texts.Length)]),
        };

    private static IEnumerable<(JsonObject Owner, string Name)> Members(JsonNode? node) =>
        node switch
        {
            JsonObject owner => owner.ToList().SelectMany(member => Members(member.Value).Prepend((owner, member.Key))),
            JsonArray list => list.SelectMany(Members),
            _ => [],
        };
}
