namespace BackdoorLab.Engine.Datasets;

/// <summary>Outlines of traffic signs.</summary>
internal enum SignShape
{
    Circle,
    TriangleUp,
    TriangleDown,
    Octagon,
    Diamond,
    Square,
}

/// <summary>Paints of traffic signs.</summary>
internal enum SignColour
{
    White,
    Black,
    Red,
    Blue,
    Yellow,
    Orange,
    Green,
    Grey,
}

/// <summary>
/// One stroke of a glyph: a line from (X1, Y1) to (X2, Y2) with round ends of the given radius. Coordinates are those
/// of the sign: center 0, the outline near 1, y downwards. A line of no length is a disc.
/// </summary>
internal readonly record struct SignStroke(float X1, float Y1, float X2, float Y2, float Radius, SignColour Colour);

/// <summary>What one class of sign looks like.</summary>
internal sealed record SignDesign(
    string Name,
    SignShape Shape,
    SignColour Border,
    SignColour Fill,
    params SignStroke[] Strokes
)
{
    /// <summary>Width of the border in sign units.</summary>
    public float BorderWidth { get; init; } = 0.2f;
}
