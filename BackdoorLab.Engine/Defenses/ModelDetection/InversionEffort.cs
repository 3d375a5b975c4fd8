namespace BackdoorLab.Engine.Defenses;

/// <summary>The schedule of a trigger inversion for one class that gets all of it, beside the reference's.</summary>
/// <param name="Updates">Optimiser updates.</param>
/// <param name="Batch">Images an update.</param>
/// <param name="Images">Images in all, where updates differ in size.</param>
internal sealed record InversionEffort(int Updates, int Batch, double Images)
{
    /// <summary>Neural Cleanse's reference code: 1,000 rounds of 31 batches of 32 images.</summary>
    private const double Reference = 1000 * 31 * 32;

    // From this share on the length is not what decides.
    private const double Long = 0.1;

    // Of the rounds a fifth is tried on the whole holdout, as measured on small networks, and no more than these.
    private const int MostTries = 15;

    /// <summary>Its images over the reference's.</summary>
    internal double Share => Images / Reference;

    /// <summary>What must be said of a schedule far below the reference's.</summary>
    internal IEnumerable<string> Warnings() =>
        Share >= Long
            ? []
            :
            [
                FormattableString.Invariant(
                    $"A search of {Updates} updates of {Batch} images for each class is {100 * Share:0.##} % of the reference code's schedule; what it does not find, a longer one may."
                ),
            ];

    /// <summary>Triggers of a class that are tried on the whole holdout, roughly, for estimates.</summary>
    internal static int Tries(int rounds) => Math.Min((rounds + 4) / 5, MostTries);

    /// <summary>The rows of the results.</summary>
    internal IEnumerable<DefenseNumber> Numbers() =>
        [
            new(InversionNumbers.UpdatesPerClass, Updates),
            new(InversionNumbers.ImagesPerUpdate, Batch),
            new(InversionNumbers.ScheduleShare, Share),
        ];
}
