namespace BackdoorLab.Engine.Datasets;

/// <summary>
/// Antialiased bilinear resizing: a triangle filter as wide as the reduction, horizontally and then vertically, in
/// 22-bit fixed point with an 8-bit picture between the two passes. The arithmetic of Pillow's <c>resize(BILINEAR)</c>,
/// which the field's scripts use, so pixels agree with theirs.
/// </summary>
internal static class Resampling
{
    private const int FractionBits = 22;

    /// <summary>The whole picture at a new size.</summary>
    public static Bitmap Bilinear(Bitmap source, int width, int height)
    {
        var wide = source.Width == width ? source : Horizontal(source, width);
        return wide.Height == height ? wide : Vertical(wide, height);
    }

    private static Bitmap Horizontal(Bitmap source, int width)
    {
        var taps = Taps(source.Width, width);
        var output = new byte[width * source.Height * 3];
        for (var y = 0; y < source.Height; y++)
        {
            var row = source.Pixels.AsSpan(y * source.Width * 3, source.Width * 3);
            for (var x = 0; x < width; x++)
            {
                var (first, weights) = taps[x];
                var (red, green, blue) = (1 << (FractionBits - 1), 1 << (FractionBits - 1), 1 << (FractionBits - 1));
                for (var k = 0; k < weights.Length; k++)
                {
                    var at = (first + k) * 3;
                    red += row[at] * weights[k];
                    green += row[at + 1] * weights[k];
                    blue += row[at + 2] * weights[k];
                }

                var to = (y * width + x) * 3;
                output[to] = Clip(red);
                output[to + 1] = Clip(green);
                output[to + 2] = Clip(blue);
            }
        }

        return new(width, source.Height, output);
    }

    private static Bitmap Vertical(Bitmap source, int height)
    {
        var taps = Taps(source.Height, height);
        var stride = source.Width * 3;
        var output = new byte[stride * height];
        var sums = new int[stride];
        for (var y = 0; y < height; y++)
        {
            var (first, weights) = taps[y];
            Array.Fill(sums, 1 << (FractionBits - 1));
            for (var k = 0; k < weights.Length; k++)
            {
                var row = source.Pixels.AsSpan((first + k) * stride, stride);
                for (var x = 0; x < row.Length; x++)
                {
                    sums[x] += row[x] * weights[k];
                }
            }

            for (var x = 0; x < stride; x++)
            {
                output[y * stride + x] = Clip(sums[x]);
            }
        }

        return new(source.Width, height, output);
    }

    private static (int First, int[] Weights)[] Taps(int from, int to)
    {
        var scale = (double)from / to;
        var reach = Math.Max(scale, 1);
        var taps = new (int, int[])[to];
        for (var i = 0; i < to; i++)
        {
            var center = (i + 0.5) * scale;
            var first = Math.Max((int)(center - reach + 0.5), 0);
            var end = Math.Min((int)(center + reach + 0.5), from);
            var weights = new double[end - first];
            for (var k = 0; k < weights.Length; k++)
            {
                weights[k] = Math.Max(0, 1 - Math.Abs((k + first - center + 0.5) / reach));
            }

            var sum = weights.Sum();
            taps[i] = (first, [.. weights.Select(weight => (int)(0.5 + weight / sum * (1 << FractionBits)))]);
        }

        return taps;
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);
}
