using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Attacks;

/// <summary>A training set as the victim's owner receives it, with the ground truth that no defense sees.</summary>
/// <param name="Images">Stamped and relabelled images among clean ones.</param>
/// <param name="Mask">Which samples are poisoned.</param>
/// <param name="Changes">What was done to which samples, those that are no poison among them.</param>
public sealed record PoisonedSet(ImageSet Images, bool[] Mask, IReadOnlyList<SampleChange> Changes);
