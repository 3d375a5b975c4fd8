namespace BackdoorLab.Engine.Datasets;

/// <summary>Random changes of a training batch, drawn per image.</summary>
/// <param name="CropPadding">Padding in pixels before a random crop back to size; 0 is off.</param>
/// <param name="Flip">Random horizontal flip with probability one half.</param>
/// <param name="Reflect">Whether the padding is the image mirrored at its edge, the edge itself not repeated, instead
/// of zeros.</param>
/// <param name="Mirrored">Which images of the set are flipped, instead of drawing it; null draws.</param>
public readonly record struct Augmentation(
    int CropPadding,
    bool Flip,
    bool Reflect = false,
    IReadOnlyList<bool>? Mirrored = null
);
