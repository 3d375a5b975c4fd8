namespace BackdoorLab.Data.Filters;

/// <summary>
/// Values of an enumeration from addresses and requests: by name alone. A number is none, though the library's parser
/// takes it.
/// </summary>
public static class EnumName
{
    /// <summary>The value of a name, in any case; null when there is no such name.</summary>
    public static T? Read<T>(string? text)
        where T : struct, Enum => EnumWord.Find<T>(text, value => value.ToString(), StringComparison.OrdinalIgnoreCase);
}
