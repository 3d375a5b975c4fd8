using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Attacks;

/// <summary>A training set as the victim's owner receives it, with the ground truth that no defense sees.</summary>
/// <param name="Images">Stamped and relabelled images among clean ones.</param>
/// <param name="Mask">Which samples are poisoned.</param>
public sealed record PoisonedSet(ImageSet Images, bool[] Mask);
