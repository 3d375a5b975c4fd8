using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace BackdoorLab.Data.Configurations;

/// <summary>A choice as its name in lower case: <c>comparison</c>.</summary>
/// <typeparam name="T">The choice.</typeparam>
internal sealed class LowerCaseName<T>() : ValueConverter<T, string>(value => Write(value), text => Read(text))
    where T : struct, Enum
{
    private static string Write(T value) => value.ToString().ToLowerInvariant();

    private static T Read(string text) =>
        EnumWord.Find<T>(text, Write)
        ?? throw new InvalidOperationException(
            $"The database names a {typeof(T).Name} '{text}', which this version does not know."
        );
}
