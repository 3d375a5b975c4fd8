using System.Text.Json;

namespace BackdoorLab.Results;

/// <summary>What a figure is for, as files and databases hold it: <c>reversed-triggers</c>.</summary>
public sealed class FigureCode() : WordConverter<FigureKind>(Code)
{
    /// <summary>The code; empty where nothing asks for it.</summary>
    public static string Of(FigureKind? kind) => kind is { } given ? Code(given) : "";

    /// <summary>What a code stands for; null where nothing asks for it.</summary>
    public static FigureKind? Read(string? code) => EnumWord.Find<FigureKind>(code, Code);

    private static string Code(FigureKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}
