using BackdoorLab.Engine.Datasets;

namespace BackdoorLab.Engine.Attacks;

/// <summary>Test images with the trigger stamped on every one of them.</summary>
/// <param name="Images">Stamped images with their true labels.</param>
/// <param name="TrueLabels">True label of each image.</param>
/// <param name="IntendedLabels">Label that the attacker wants for each image.</param>
public sealed record TriggeredSet(ImageSet Images, int[] TrueLabels, int[] IntendedLabels);
