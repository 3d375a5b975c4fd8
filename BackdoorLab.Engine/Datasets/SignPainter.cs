namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// Draws one 32x32 photograph-like picture of a sign: cluttered background, sign seen at an angle by signed distances,
/// something in front of it, then what a cheap camera does (blur, light, haze, colour cast, noise). Holds the working
/// memory of one thread; every picture depends on its generator alone.
/// </summary>
internal sealed class SignPainter
{
    /// <summary>Side of a picture.</summary>
    public const int Side = 32;

    private const int Plane = Side * Side;

    private static readonly (float R, float G, float B)[] Paints =
    [
        (0.93f, 0.93f, 0.92f),
        (0.07f, 0.07f, 0.08f),
        (0.78f, 0.10f, 0.12f),
        (0.10f, 0.25f, 0.66f),
        (0.94f, 0.76f, 0.12f),
        (0.92f, 0.48f, 0.10f),
        (0.12f, 0.55f, 0.28f),
        (0.60f, 0.60f, 0.60f),
    ];

    private readonly float[] _canvas = new float[3 * Plane];
    private readonly float[] _scratch = new float[3 * Plane];
    private readonly byte[] _noise = new byte[6 * Plane];

    /// <summary>Draws a picture into planes [3, 32, 32].</summary>
    public void Paint(SignDesign design, Random random, Span<byte> target)
    {
        SignBackground.Paint(_canvas, random);
        PaintSign(design, random);
        if (random.NextDouble() < 0.15)
        {
            Occlude(random);
        }

        Blur(random);
        Expose(random, target);
    }

    private static float Range(Random random, double from, double to) =>
        (float)(from + (to - from) * random.NextDouble());

    private void PaintSign(SignDesign design, Random random)
    {
        // Sign to picture: scale, shear, rotation and shift, then a mild perspective. Here its inverse: picture to
        // sign.
        var radius = Range(random, 10, 14);
        var angle = Range(random, -0.17, 0.17);
        var (sin, cos) = MathF.SinCos(angle);
        var squeeze = Range(random, 0.85, 1.05);
        var shear = Range(random, -0.1, 0.1);
        var (centerX, centerY) = (15.5f + Range(random, -1.8, 1.8), 15.5f + Range(random, -1.8, 1.8));
        var (tiltX, tiltY) = (Range(random, -0.1, 0.1), Range(random, -0.1, 0.1));
        var fade = Range(random, 0, 0.25);
        var (shadeX, shadeY) = (Range(random, -0.25, 0.25), Range(random, -0.25, 0.25));
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                var (px, py) = ((x - centerX) / radius, (y - centerY) / radius);
                var depth = 1 / (1 + tiltX * px + tiltY * py);
                var (ru, v) = (cos * px + sin * py, cos * py - sin * px);
                var u = (ru - shear * v) / squeeze * depth;
                v *= depth;
                var outline = Distance(design.Shape, u, v);
                var pixel = radius * Math.Min(squeeze, 1);
                var cover = Math.Clamp(0.5f - outline * pixel, 0, 1);
                if (cover <= 0)
                {
                    continue;
                }

                var colour = Mix(
                    Paints[(int)design.Border],
                    Paints[(int)design.Fill],
                    0.5f - (outline + design.BorderWidth) * pixel
                );
                foreach (ref readonly var stroke in design.Strokes.AsSpan())
                {
                    var distance = Distance(stroke, u, v);
                    if (distance * pixel < 0.5f)
                    {
                        colour = Mix(colour, Paints[(int)stroke.Colour], 0.5f - distance * pixel);
                    }
                }

                // Old paint is paler; a curved or tilted plate is lighter on one side.
                colour = Mix(colour, Paints[(int)SignColour.Grey], fade);
                var shade = 1 + shadeX * u + shadeY * v;
                var at = y * Side + x;
                _canvas[at] += cover * (colour.R * shade - _canvas[at]);
                _canvas[Plane + at] += cover * (colour.G * shade - _canvas[Plane + at]);
                _canvas[2 * Plane + at] += cover * (colour.B * shade - _canvas[2 * Plane + at]);
            }
        }
    }

    private static float Distance(SignShape shape, float u, float v)
    {
        var (a, b) = (MathF.Abs(u), MathF.Abs(v));
        return shape switch
        {
            SignShape.Circle => MathF.Sqrt(u * u + v * v) - 1,
            SignShape.TriangleUp => Math.Max(v - 0.72f, 0.866f * a - 0.5f * (v + 0.98f)),
            SignShape.TriangleDown => Math.Max(-v - 0.72f, 0.866f * a - 0.5f * (0.98f - v)),
            SignShape.Octagon => Math.Max(Math.Max(a, b), (a + b) * 0.7071f) - 0.95f,
            SignShape.Diamond => (a + b) * 0.7071f - 0.74f,
            _ => Math.Max(a, b) - 0.86f,
        };
    }

    private static float Distance(in SignStroke stroke, float u, float v)
    {
        var (px, py) = (u - stroke.X1, v - stroke.Y1);
        var (dx, dy) = (stroke.X2 - stroke.X1, stroke.Y2 - stroke.Y1);
        var square = dx * dx + dy * dy;
        var along = square > 0 ? Math.Clamp((px * dx + py * dy) / square, 0, 1) : 0;
        var (ex, ey) = (px - along * dx, py - along * dy);
        return MathF.Sqrt(ex * ex + ey * ey) - stroke.Radius;
    }

    private static (float R, float G, float B) Mix(
        (float R, float G, float B) under,
        (float R, float G, float B) over,
        float share
    )
    {
        share = Math.Clamp(share, 0, 1);
        return (
            under.R + share * (over.R - under.R),
            under.G + share * (over.G - under.G),
            under.B + share * (over.B - under.B)
        );
    }

    /// <summary>A branch, a sticker or a shadow across the sign.</summary>
    private void Occlude(Random random)
    {
        var kind = random.Next(3);
        var (x, y, angle) = (Range(random, 4, 28), Range(random, 4, 28), Range(random, 0, MathF.PI));
        var (sin, cos) = MathF.SinCos(angle);
        var (halfLength, halfWidth) = kind switch
        {
            0 => (Range(random, 6, 18), Range(random, 0.5, 1.3)),
            1 => (Range(random, 1.5, 3.5), Range(random, 1, 2.5)),
            _ => (40f, Range(random, 4, 14)),
        };
        var strength = kind == 2 ? Range(random, 0.3, 0.6) : Range(random, 0.7, 1);
        var tone = Range(random, 0, kind == 0 ? 0.25 : 0.9);
        var colour =
            kind == 2
                ? (R: 0.03f, G: 0.03f, B: 0.05f)
                : (R: tone, G: tone * Range(random, 0.8, 1.2), B: tone * Range(random, 0.5, 1.1));
        for (var at = 0; at < Plane; at++)
        {
            var (dx, dy) = (at % Side - x, at / Side - y);
            var along = MathF.Abs(cos * dx + sin * dy) - halfLength;
            var across = MathF.Abs(cos * dy - sin * dx) - halfWidth;
            var cover = strength * Math.Clamp(0.5f - Math.Max(along, across), 0, 1);
            _canvas[at] += cover * (colour.R - _canvas[at]);
            _canvas[Plane + at] += cover * (colour.G - _canvas[Plane + at]);
            _canvas[2 * Plane + at] += cover * (colour.B - _canvas[2 * Plane + at]);
        }
    }

    private void Blur(Random random)
    {
        // Five taps of a Gaussian, each axis its own width, so that a camera in motion is among the cases.
        var sigma = Range(random, 0.2, 0.8);
        Pass(_canvas, _scratch, 1, sigma * Range(random, 0.7, 1.3));
        Pass(_scratch, _canvas, Side, sigma * Range(random, 0.7, 1.3));
    }

    private static void Pass(float[] from, float[] to, int step, float sigma)
    {
        var near = MathF.Exp(-0.5f / (sigma * sigma));
        var far = MathF.Exp(-2f / (sigma * sigma));
        var scale = 1 / (1 + 2 * near + 2 * far);
        (near, far) = (near * scale, far * scale);
        for (var line = 0; line < 3 * Side; line++)
        {
            var start = step == 1 ? line * Side : line / Side * Plane + line % Side;
            for (var i = 0; i < Side; i++)
            {
                var before = from[start + step * Math.Max(i - 1, 0)] + from[start + step * Math.Min(i + 1, Side - 1)];
                var beyond = from[start + step * Math.Max(i - 2, 0)] + from[start + step * Math.Min(i + 2, Side - 1)];
                to[start + step * i] = scale * from[start + step * i] + near * before + far * beyond;
            }
        }
    }

    private void Expose(Random random, Span<byte> target)
    {
        // Brightness on a logarithmic scale: dusk is as likely as noon.
        var gain = MathF.Exp(Range(random, -0.9, 0.25));
        var haze = random.NextDouble() < 0.2 ? Range(random, 0.1, 0.3) : 0;
        var level = Range(random, 0.4, 0.8);
        var noise = Range(random, 1.5, 6) / 104;
        random.NextBytes(_noise);
        for (var channel = 0; channel < 3; channel++)
        {
            var cast = gain * Range(random, 0.88, 1.12) * 255;
            for (var i = channel * Plane; i < (channel + 1) * Plane; i++)
            {
                // The sum of two uniform bytes less its mean has a standard deviation of 104: near enough to a bell
                // curve.
                var grain = (_noise[2 * i] + _noise[2 * i + 1] - 255) * noise;
                var value = (_canvas[i] + haze * (level - _canvas[i])) * cast + grain;
                target[i] = (byte)Math.Clamp(value + 0.5f, 0, 255);
            }
        }
    }
}
