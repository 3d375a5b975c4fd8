using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Defenses;

/// <summary>
/// Mask and pattern as one vector of cells, the mask's first: each cell stands for the pixels that lie in it, so a
/// gradient that costs queries is estimated in fewer dimensions.
/// </summary>
internal sealed class TriggerGrid
{
    private readonly (int Channels, int Height, int Width) _image;

    /// <summary>Grids of at most so many cells a side over images of this size.</summary>
    internal TriggerGrid(ImageSet images, int maskCells, int patternCells)
    {
        _image = (images.Channels, images.Height, images.Width);
        var (maskRows, maskColumns) = (Math.Min(maskCells, images.Height), Math.Min(maskCells, images.Width));
        var (rows, columns) = (Math.Min(patternCells, images.Height), Math.Min(patternCells, images.Width));
        MaskCount = maskRows * maskColumns;
        Count = MaskCount + rows * columns * images.Channels;
        Areas = new float[Count];
        MaskCells = new long[images.Height * images.Width];
        PatternCells = new long[MaskCells.Length * images.Channels];
        for (var pixel = 0; pixel < MaskCells.Length; pixel++)
        {
            var (y, x) = (pixel / images.Width, pixel % images.Width);
            MaskCells[pixel] = y * maskRows / images.Height * maskColumns + x * maskColumns / images.Width;
            Areas[MaskCells[pixel]]++;
            for (var channel = 0; channel < images.Channels; channel++)
            {
                PatternCells[pixel * images.Channels + channel] =
                    MaskCount + (channel * rows + y * rows / images.Height) * columns + x * columns / images.Width;
            }
        }
    }

    /// <summary>Cells of mask and pattern.</summary>
    internal int Count { get; }

    /// <summary>Cells of the mask.</summary>
    internal int MaskCount { get; }

    /// <summary>Pixels in each cell of the mask; zero for cells of the pattern, which have no norm.</summary>
    internal float[] Areas { get; }

    /// <summary>The cell of each pixel [H*W].</summary>
    internal long[] MaskCells { get; }

    /// <summary>The cell of each pixel and channel [H*W*C], channels last as images are laid out.</summary>
    internal long[] PatternCells { get; }

    /// <summary>The trigger that cells stand for.</summary>
    internal ReversedTrigger Trigger(float[] cells, double success, int tried, int updates)
    {
        var pattern = new float[PatternCells.Length];
        for (var i = 0; i < pattern.Length; i++)
        {
            pattern[i % _image.Channels * MaskCells.Length + i / _image.Channels] = cells[PatternCells[i]];
        }

        var mask = Array.ConvertAll(MaskCells, cell => cells[cell]);
        return new ReversedTrigger(mask, pattern, mask.Sum(value => (double)value), success, tried, false, updates);
    }
}
