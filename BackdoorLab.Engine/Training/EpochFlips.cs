using BackdoorLab.Engine.Core;

namespace BackdoorLab.Engine.Training;

/// <summary>
/// Alternating flips (Jordan, arXiv 2404.00498): which images of the first epoch are mirrored is drawn once, and every
/// epoch mirrors the others of the one before.
/// </summary>
internal sealed class EpochFlips
{
    private readonly bool[]? _first;

    /// <summary>Draws the first epoch's, where <paramref name="options"/> ask for alternating flips.</summary>
    internal EpochFlips(int count, TrainOptions options, SeedTree seeds)
    {
        if (options.AlternatingFlip)
        {
            var random = seeds.Random();
            _first = [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 1)];
        }
    }

    /// <summary>
    /// Which images epoch <paramref name="epoch"/> (from 0) mirrors; null where that is drawn anew for each.
    /// </summary>
    internal IReadOnlyList<bool>? Of(int epoch) =>
        _first is null || epoch % 2 == 0 ? _first : Array.ConvertAll(_first, mirrored => !mirrored);
}
