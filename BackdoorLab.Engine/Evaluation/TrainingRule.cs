namespace BackdoorLab.Engine.Evaluation;

/// <summary>
/// Whether a training gave what it was for, by the exact 95 % intervals of what was measured. A victim that learnt
/// nothing says nothing of an attack, and one whose backdoor did not take nothing of a defense.
/// </summary>
public static class TrainingRule
{
    /// <summary>
    /// A model has learnt when its clean accuracy is above chance: the lower end of the interval lies above the share
    /// of the most frequent class, which a model that always says that class reaches.
    /// </summary>
    /// <param name="cleanAccuracy">Clean accuracy with its interval.</param>
    /// <param name="chance">Share of the most frequent class among the same images, 0..1.</param>
    public static bool Learned(Measurement cleanAccuracy, double chance) => cleanAccuracy.Low > chance;

    /// <summary>
    /// A backdoor has taken when the trigger does what it does not do to the benign twin: the lower end of the attack
    /// success rate's interval lies above the upper end of the twin's, or above chance where no twin that learnt tells.
    /// </summary>
    /// <param name="attackSuccess">Attack success rate with its interval.</param>
    /// <param name="twin">That of the benign twin on the same images, or null.</param>
    /// <param name="chance">Share of the most frequent class among the clean images, 0..1.</param>
    public static bool Took(Measurement attackSuccess, Measurement? twin, double chance) =>
        attackSuccess.Low > (twin?.High ?? chance);
}
