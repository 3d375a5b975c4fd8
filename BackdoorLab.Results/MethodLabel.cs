namespace BackdoorLab.Results;

/// <summary>
/// How results name a configured method: its id, and the parameters that differ from their defaults, as
/// <c>int4[granularity=per-tensor,bits=4]</c>. Cells, tables and addresses carry the text; whoever asks what it says
/// reads it once.
/// </summary>
/// <param name="Id">Id of the method; empty where nothing was defended.</param>
/// <param name="Settings">Parameters by their JSON names, with their values as text; empty at defaults.</param>
public sealed record MethodLabel(string Id, IReadOnlyList<KeyValuePair<string, string>> Settings)
{
    /// <summary>What a text says. Every text is read: one without brackets is an id.</summary>
    public static MethodLabel Of(string text)
    {
        var bracket = text.IndexOf('[', StringComparison.Ordinal);
        if (bracket < 0)
        {
            return new(text, []);
        }

        var settings = new List<KeyValuePair<string, string>>();
        var inside = text[(bracket + 1)..];
        foreach (var piece in (inside.EndsWith(']') ? inside[..^1] : inside).Split(','))
        {
            var equals = piece.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && settings.Count > 0)
            {
                // A comma of a value.
                settings[^1] = new(settings[^1].Key, $"{settings[^1].Value},{piece}");
            }
            else
            {
                settings.Add(equals < 0 ? new(piece, piece) : new(piece[..equals], piece[(equals + 1)..]));
            }
        }

        return new(text[..bracket], settings);
    }

    /// <summary>The text that <see cref="Of"/> reads.</summary>
    public override string ToString()
    {
        var settings = string.Join(',', Settings.Select(setting => $"{setting.Key}={setting.Value}"));
        return Settings.Count == 0 ? Id : $"{Id}[{settings}]";
    }

    /// <summary>Labels are equal where their texts are.</summary>
    public bool Equals(MethodLabel? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
