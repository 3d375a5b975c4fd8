using static BackdoorLab.Engine.Datasets.SignColour;
using static BackdoorLab.Engine.Datasets.SignShape;

namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// The 43 designs of <see cref="SyntheticSigns"/>, modelled on European road signs.
/// Among the first ten are signs that differ only in
/// their glyph, so that a small number of classes is no toy either.
/// </summary>
internal static class SignCatalog
{
    /// <summary>All designs, in class order.</summary>
    public static IReadOnlyList<SignDesign> All { get; } =
    [
        Limit("30"),
        new("stop", Octagon, White, Red, Text("STOP", 0.72f, 0.3f, 0.075f, White)) { BorderWidth = 0.1f },
        new("yield", TriangleDown, Red, White),
        new("no entry", Circle, Red, Red, Lines(0.17f, White, [-0.52f, 0, 0.52f, 0])),
        Warning("general caution", Lines(0.11f, Black, [0, -0.35f, 0, 0.12f]), Dot(0, 0.4f, 0.11f)),
        Order("ahead only", Arrow(0, 0.6f, 0, -0.6f)),
        new("priority road", Diamond, White, Yellow),
        Order("keep right", Arrow(-0.45f, -0.45f, 0.42f, 0.42f)),
        Limit("50"),
        new("parking", Square, White, Blue, Text("P", 0.3f, 0.52f, 0.12f, White)) { BorderWidth = 0.07f },
        Limit("80"),
        Order(
            "turn right ahead",
            Lines(0.12f, White, [-0.25f, 0.6f, -0.25f, -0.05f]),
            Arrow(-0.25f, -0.05f, 0.6f, -0.05f)
        ),
        Warning("curve left", Curve(-1)),
        Warning("curve right", Curve(1)),
        Order(
            "turn left ahead",
            Lines(0.12f, White, [0.25f, 0.6f, 0.25f, -0.05f]),
            Arrow(0.25f, -0.05f, -0.6f, -0.05f)
        ),
        Limit("60"),
        Limit("70"),
        Limit("20"),
        Limit("100"),
        Limit("120"),
        new("no overtaking", Circle, Red, White, [.. Car(-0.32f, Red), .. Car(0.32f, Black)]),
        new(
            "end of restrictions",
            Circle,
            Grey,
            White,
            Lines(
                0.05f,
                Black,
                [-0.65f, 0.35f, 0.35f, -0.65f],
                [-0.5f, 0.5f, 0.5f, -0.5f],
                [-0.35f, 0.65f, 0.65f, -0.35f]
            )
        )
        {
            BorderWidth = 0.08f,
        },
        Order("roundabout", Roundabout()),
        Warning(
            "traffic signals",
            Dot(0, -0.32f, 0.14f, Red),
            Dot(0, 0.04f, 0.14f, Yellow),
            Dot(0, 0.4f, 0.14f, Green)
        ),
        Warning("crossing", Lines(0.1f, Black, [-0.3f, -0.15f, 0.3f, 0.45f], [0.3f, -0.15f, -0.3f, 0.45f])),
        Order("keep left", Arrow(0.45f, -0.45f, -0.42f, 0.42f)),
        Warning(
            "bumpy road",
            Lines(
                0.09f,
                Black,
                [-0.5f, 0.42f, -0.35f, 0.2f, -0.18f, 0.2f, 0, 0.42f, 0.18f, 0.2f, 0.35f, 0.2f, 0.5f, 0.42f]
            )
        ),
        Warning(
            "road narrows",
            Lines(0.08f, Black, [-0.3f, 0.48f, -0.12f, 0.15f, -0.12f, -0.3f], [0.3f, 0.48f, 0.12f, 0.15f, 0.12f, -0.3f])
        ),
        Warning(
            "slippery road",
            Lines(
                0.07f,
                Black,
                [-0.25f, 0.5f, -0.08f, 0.3f, -0.3f, 0.15f, -0.12f, -0.05f],
                [0.15f, 0.5f, 0.32f, 0.3f, 0.1f, 0.15f, 0.28f, -0.05f]
            ),
            Dot(0.05f, -0.2f, 0.13f)
        ),
        new("no vehicles", Circle, Red, White),
        new(
            "no trucks",
            Circle,
            Red,
            White,
            [
                .. Lines(0.17f, Black, [-0.4f, -0.05f, 0.05f, -0.05f]),
                .. Lines(0.12f, Black, [0.3f, 0.02f, 0.36f, 0.02f]),
                .. Dot(-0.28f, 0.28f, 0.11f),
                .. Dot(0.28f, 0.28f, 0.11f),
            ]
        ),
        Order("straight or right", Arrow(-0.2f, 0.6f, -0.2f, -0.6f), Arrow(-0.2f, 0.15f, 0.55f, 0.15f)),
        Order("straight or left", Arrow(0.2f, 0.6f, 0.2f, -0.6f), Arrow(0.2f, 0.15f, -0.55f, 0.15f)),
        new("no parking", Circle, Red, Blue, Lines(0.1f, Red, [-0.55f, -0.55f, 0.55f, 0.55f])),
        new(
            "no stopping",
            Circle,
            Red,
            Blue,
            Lines(0.1f, Red, [-0.55f, -0.55f, 0.55f, 0.55f], [0.55f, -0.55f, -0.55f, 0.55f])
        ),
        new(
            "road works",
            Diamond,
            Black,
            Orange,
            [
                .. Dot(0.12f, -0.45f, 0.13f),
                .. Lines(0.1f, Black, [0.05f, -0.22f, -0.15f, 0.1f, -0.3f, 0.4f], [-0.15f, 0.1f, 0.12f, 0.4f]),
                .. Lines(0.05f, Black, [-0.35f, -0.05f, 0.4f, 0.3f]),
            ]
        )
        {
            BorderWidth = 0.07f,
        },
        Warning(
            "two-way traffic",
            Arrow(-0.17f, -0.25f, -0.17f, 0.48f, Black, 0.07f),
            Arrow(0.17f, 0.5f, 0.17f, -0.2f, Black, 0.07f)
        ),
        Warning(
            "wild animals",
            Lines(
                0.07f,
                Black,
                [-0.3f, 0.5f, -0.2f, 0.15f, 0.15f, 0.05f, 0.3f, -0.25f],
                [0.15f, 0.05f, 0.12f, 0.5f],
                [-0.2f, 0.15f, -0.1f, 0.5f],
                [0.18f, -0.3f, 0.3f, -0.25f, 0.45f, -0.15f]
            )
        ),
        Order(
            "bicycles",
            [
                .. Ring(-0.36f, 0.18f, 0.22f),
                .. Ring(0.36f, 0.18f, 0.22f),
                .. Lines(
                    0.05f,
                    White,
                    [-0.36f, 0.18f, -0.1f, -0.25f, 0.25f, -0.25f, 0.36f, 0.18f],
                    [-0.1f, -0.25f, 0.02f, 0.18f, 0.25f, -0.25f]
                ),
            ]
        ),
        new("hospital", Square, White, Blue, Text("H", 0.34f, 0.52f, 0.12f, White)) { BorderWidth = 0.07f },
        new(
            "end of priority",
            Diamond,
            White,
            Yellow,
            Lines(
                0.05f,
                Black,
                [-0.55f, 0.35f, 0.35f, -0.55f],
                [-0.45f, 0.45f, 0.45f, -0.45f],
                [-0.35f, 0.55f, 0.55f, -0.35f]
            )
        ),
        new(
            "pedestrian crossing",
            Square,
            White,
            Blue,
            [
                .. Filled(White),
                .. Dot(0.04f, -0.22f, 0.08f),
                .. Lines(0.07f, Black, [0.02f, -0.05f, -0.02f, 0.2f, -0.18f, 0.46f], [-0.02f, 0.2f, 0.16f, 0.46f]),
            ]
        )
        {
            BorderWidth = 0.07f,
        },
        Warning(
            "children",
            Dot(-0.2f, -0.02f, 0.1f),
            Dot(0.18f, 0.06f, 0.09f),
            Lines(
                0.08f,
                Black,
                [-0.2f, 0.14f, -0.22f, 0.34f, -0.34f, 0.5f],
                [-0.22f, 0.34f, -0.1f, 0.5f],
                [0.18f, 0.22f, 0.18f, 0.36f, 0.1f, 0.52f],
                [0.18f, 0.36f, 0.28f, 0.52f],
                [-0.2f, 0.2f, 0.18f, 0.26f]
            )
        ),
    ];

    private static SignDesign Limit(string digits) =>
        new(
            "speed limit " + digits,
            Circle,
            Red,
            White,
            Text(digits, digits.Length == 2 ? 0.5f : 0.62f, 0.4f, digits.Length == 2 ? 0.09f : 0.075f, Black)
        );

    private static SignDesign Warning(string name, params SignStroke[][] parts) =>
        new(name, TriangleUp, Red, White, [.. parts.SelectMany(part => part)]);

    private static SignDesign Order(string name, params SignStroke[][] parts) =>
        new(name, Circle, White, Blue, [.. parts.SelectMany(part => part)]) { BorderWidth = 0.06f };

    private static SignStroke[] Dot(float x, float y, float radius, SignColour colour = Black) =>
        [new(x, y, x, y, radius, colour)];

    /// <summary>Polylines given as x, y, x, y, ...</summary>
    private static SignStroke[] Lines(float radius, SignColour colour, params float[][] paths) =>
        [
            .. paths.SelectMany(path =>
                Enumerable
                    .Range(0, path.Length / 2 - 1)
                    .Select(i => new SignStroke(
                        path[2 * i],
                        path[2 * i + 1],
                        path[2 * i + 2],
                        path[2 * i + 3],
                        radius,
                        colour
                    ))
            ),
        ];

    private static SignStroke[] Arrow(
        float x1,
        float y1,
        float x2,
        float y2,
        SignColour colour = White,
        float radius = 0.12f
    )
    {
        var length = MathF.Sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
        var (dx, dy) = ((x2 - x1) / length * 3 * radius, (y2 - y1) / length * 3 * radius);
        return Lines(
            radius,
            colour,
            [x1, y1, x2, y2],
            [x2, y2, x2 - dx - dy, y2 - dy + dx],
            [x2, y2, x2 - dx + dy, y2 - dy - dx]
        );
    }

    private static SignStroke[] Curve(int side) =>
        [
            .. Lines(0.09f, Black, [side * -0.15f, 0.5f, side * -0.15f, 0.2f, side * 0.1f, -0.02f]),
            .. Arrow(side * 0.02f, 0.04f, side * 0.16f, -0.16f, Black, 0.08f),
        ];

    private static SignStroke[] Car(float x, SignColour colour) =>
        [
            .. Lines(0.12f, colour, [x - 0.1f, 0.08f, x + 0.1f, 0.08f]),
            .. Lines(0.08f, colour, [x - 0.06f, -0.1f, x + 0.06f, -0.1f]),
        ];

    private static SignStroke[] Ring(float x, float y, float radius) => Arc(x, y, radius, 0, MathF.Tau, 0.05f, 10);

    private static SignStroke[] Arc(float x, float y, float radius, float from, float to, float width, int pieces) =>
        [
            .. Enumerable
                .Range(0, pieces)
                .Select(i =>
                {
                    var (a, b) = (from + (to - from) * i / pieces, from + (to - from) * (i + 1) / pieces);
                    return new SignStroke(
                        x + radius * MathF.Cos(a),
                        y + radius * MathF.Sin(a),
                        x + radius * MathF.Cos(b),
                        y + radius * MathF.Sin(b),
                        width,
                        White
                    );
                }),
        ];

    private static SignStroke[] Roundabout() =>
        [
            .. Enumerable
                .Range(0, 3)
                .SelectMany(i =>
                {
                    var start = MathF.Tau * i / 3;
                    var end = start + 1.35f;
                    var (x, y) = (0.5f * MathF.Cos(end), 0.5f * MathF.Sin(end));
                    var (dx, dy) = (-0.12f * MathF.Sin(end), 0.12f * MathF.Cos(end));
                    return Arc(0, 0, 0.5f, start, end, 0.09f, 4)
                        .Concat(Arrow(x - dx, y - dy, x + dx, y + dy, White, 0.08f));
                }),
        ];

    /// <summary>A solid upright triangle, made of thick lines.</summary>
    private static SignStroke[] Filled(SignColour colour) =>
        Lines(
            0.14f,
            colour,
            [0, -0.38f, 0.42f, 0.4f, -0.42f, 0.4f, 0, -0.38f],
            [-0.2f, 0.2f, 0.2f, 0.2f],
            [0, -0.2f, 0, 0.2f]
        );

    private static SignStroke[] Text(string text, float halfWidth, float halfHeight, float radius, SignColour colour)
    {
        // Letters share the width; the gap between two is 45 % of a letter.
        var letter = 2 * halfWidth / (text.Length + 0.45f * (text.Length - 1));
        return
        [
            .. text.SelectMany(
                (symbol, i) =>
                    SignLetters
                        .Strokes[symbol]
                        .SelectMany(path =>
                            Lines(
                                radius,
                                colour,
                                [
                                    .. path.Select(
                                        (value, k) =>
                                            k % 2 == 0
                                                ? -halfWidth + letter * (1.45f * i + value)
                                                : -halfHeight + 2 * halfHeight * value
                                    ),
                                ]
                            )
                        )
            ),
        ];
    }
}
