namespace BackdoorLab.Engine.Datasets;

/// <summary>Random changes of a training batch, drawn per image.</summary>
/// <param name="CropPadding">Zero padding in pixels before a random crop back to size; 0 is off.</param>
/// <param name="Flip">Random horizontal flip with probability one half.</param>
public readonly record struct Augmentation(int CropPadding, bool Flip);
