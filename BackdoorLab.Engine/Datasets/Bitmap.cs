namespace BackdoorLab.Engine.Datasets;

/// <summary>A decoded picture: interleaved 8-bit RGB, row-major.</summary>
internal readonly record struct Bitmap(int Width, int Height, byte[] Pixels)
{
    /// <summary>The part from column <paramref name="x"/> and row <paramref name="y"/>.</summary>
    public Bitmap Crop(int x, int y, int width, int height)
    {
        if (x == 0 && y == 0 && width == Width && height == Height)
        {
            return this;
        }

        var pixels = new byte[width * height * 3];
        for (var row = 0; row < height; row++)
        {
            Pixels.AsSpan(((y + row) * Width + x) * 3, width * 3).CopyTo(pixels.AsSpan(row * width * 3));
        }

        return new(width, height, pixels);
    }

    /// <summary>Writes the picture as planes [3, H, W].</summary>
    public void WritePlanes(Span<byte> target)
    {
        var plane = Width * Height;
        for (var i = 0; i < plane; i++)
        {
            target[i] = Pixels[3 * i];
            target[plane + i] = Pixels[3 * i + 1];
            target[2 * plane + i] = Pixels[3 * i + 2];
        }
    }
}
