namespace BackdoorLab.Engine.Datasets;

/// <summary>What stands behind a synthetic sign: sky, ground, foliage, house fronts, posts.</summary>
internal static class SignBackground
{
    private const int Side = SignPainter.Side;
    private const int Plane = Side * Side;
    private const int Cells = 8;

    private static readonly (float R, float G, float B)[] Tones =
    [
        (0.55f, 0.70f, 0.90f),
        (0.80f, 0.85f, 0.90f),
        (0.20f, 0.32f, 0.14f),
        (0.34f, 0.42f, 0.20f),
        (0.45f, 0.43f, 0.40f),
        (0.28f, 0.28f, 0.30f),
        (0.58f, 0.40f, 0.30f),
        (0.70f, 0.64f, 0.52f),
        (0.16f, 0.18f, 0.20f),
        (0.62f, 0.20f, 0.16f),
    ];

    /// <summary>Fills the canvas [3, 32, 32].</summary>
    public static void Paint(Span<float> canvas, Random random)
    {
        var (top, bottom) = (Tone(random), Tone(random));
        var horizon = 6 + 20 * (float)random.NextDouble();
        var softness = 1 + 12 * (float)random.NextDouble();
        Span<float> grid = stackalloc float[(Cells + 1) * (Cells + 1)];
        foreach (ref var node in grid)
        {
            node = (float)random.NextDouble() - 0.5f;
        }

        var roughness = 0.1f + 0.5f * (float)random.NextDouble();
        for (var y = 0; y < Side; y++)
        {
            var share = Math.Clamp(0.5f + (y - horizon) / softness, 0, 1);
            for (var x = 0; x < Side; x++)
            {
                var texture = 1 + roughness * Smooth(grid, x * Cells / (float)Side, y * Cells / (float)Side);
                var at = y * Side + x;
                canvas[at] = (top.R + share * (bottom.R - top.R)) * texture;
                canvas[Plane + at] = (top.G + share * (bottom.G - top.G)) * texture;
                canvas[2 * Plane + at] = (top.B + share * (bottom.B - top.B)) * texture;
            }
        }

        for (var i = random.Next(2, 7); i > 0; i--)
        {
            Clutter(canvas, random);
        }
    }

    private static (float R, float G, float B) Tone(Random random)
    {
        var (red, green, blue) = Tones[random.Next(Tones.Length)];
        var light = 0.75f + 0.5f * (float)random.NextDouble();
        return (red * light, green * light, blue * light);
    }

    private static float Smooth(ReadOnlySpan<float> grid, float x, float y)
    {
        var (column, row) = ((int)x, (int)y);
        var (fx, fy) = (x - column, y - row);
        var at = row * (Cells + 1) + column;
        var upper = grid[at] + fx * (grid[at + 1] - grid[at]);
        var lower = grid[at + Cells + 1] + fx * (grid[at + Cells + 2] - grid[at + Cells + 1]);
        return upper + fy * (lower - upper);
    }

    /// <summary>A box (window, house, post) or a blob (bush, lamp, wheel).</summary>
    private static void Clutter(Span<float> canvas, Random random)
    {
        var tone = Tone(random);
        var round = random.Next(3) == 0;
        var (x, y) = (Side * (float)random.NextDouble(), Side * (float)random.NextDouble());
        var (halfWidth, halfHeight) = random.Next(3) switch
        {
            0 => (0.6f + 1.2f * (float)random.NextDouble(), 8 + 16 * (float)random.NextDouble()),
            1 => (6 + 14 * (float)random.NextDouble(), 0.6f + 1.5f * (float)random.NextDouble()),
            _ => (2 + 7 * (float)random.NextDouble(), 2 + 7 * (float)random.NextDouble()),
        };
        var strength = 0.5f + 0.5f * (float)random.NextDouble();
        for (var row = Math.Max(0, (int)(y - halfHeight) - 1); row < Math.Min(Side, y + halfHeight + 2); row++)
        {
            for (
                var column = Math.Max(0, (int)(x - halfWidth) - 1);
                column < Math.Min(Side, x + halfWidth + 2);
                column++
            )
            {
                var (dx, dy) = ((column - x) / halfWidth, (row - y) / halfHeight);
                var distance = round
                    ? (MathF.Sqrt(dx * dx + dy * dy) - 1) * Math.Min(halfWidth, halfHeight)
                    : Math.Max((MathF.Abs(dx) - 1) * halfWidth, (MathF.Abs(dy) - 1) * halfHeight);
                var cover = strength * Math.Clamp(0.5f - distance, 0, 1);
                var at = row * Side + column;
                canvas[at] += cover * (tone.R - canvas[at]);
                canvas[Plane + at] += cover * (tone.G - canvas[Plane + at]);
                canvas[2 * Plane + at] += cover * (tone.B - canvas[2 * Plane + at]);
            }
        }
    }
}
