namespace BackdoorLab.Engine.Attacks;

/// <summary>Training images that an attack changes in one way.</summary>
/// <param name="Indices">Which of the whole set; an image is in one change at most.</param>
/// <param name="Trigger">
/// What is stamped on them. It may be another one than tests use, and may do something else to every image.
/// </param>
public sealed record SampleChange(int[] Indices, Trigger Trigger)
{
    /// <summary>
    /// Whether they get the label that the attack wants (<see cref="Attack.Map"/>); a clean-label attack leaves theirs.
    /// </summary>
    public bool MovesLabel { get; init; } = true;

    /// <summary>
    /// Whether they are the poison: what is counted against the rate, and what detectors should find. Not so for images
    /// with a true label that only keep the trigger from being too simple (noise, covers).
    /// </summary>
    public bool IsPoison { get; init; } = true;
}
