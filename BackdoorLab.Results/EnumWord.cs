namespace BackdoorLab.Results;

/// <summary>Choices by what they are called: the one search that addresses, columns and documents share.</summary>
public static class EnumWord
{
    /// <summary>The choice that has this word; null where none has.</summary>
    /// <param name="text">The word.</param>
    /// <param name="word">What a choice is called.</param>
    /// <param name="comparison">Whether case matters.</param>
    public static T? Find<T>(string? text, Func<T, string> word, StringComparison comparison = StringComparison.Ordinal)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (word(value).Equals(text, comparison))
            {
                return value;
            }
        }

        return null;
    }
}
