using System.Text.Json;

namespace BackdoorLab.Results;

/// <summary>What a figure is for, as rows hold it: <c>reversed-triggers</c>; empty where nothing asks for it.</summary>
public static class FigureCode
{
    /// <summary>The code.</summary>
    public static string Of(FigureKind kind) => kind == FigureKind.Other ? "" : JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());
}
