using System.Text.Json;

namespace BackdoorLab.Results;

/// <summary>Reasons as files, databases and the API hold them: <c>norm-ceiling</c>.</summary>
public sealed class ReasonCode() : WordConverter<UndecidedReason>(Code)
{
    /// <summary>The code; empty where there is no reason.</summary>
    public static string Of(UndecidedReason? reason) => reason is { } given ? Code(given) : "";

    /// <summary>The reason of a code; null where there is none, or one that this version does not know.</summary>
    public static UndecidedReason? Read(string? code) => EnumWord.Find<UndecidedReason>(code, Code);

    private static string Code(UndecidedReason reason) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(reason.ToString());
}
